//! A backend for unit tests of what stands above the trait: it has the abilities that the local store lacks, and fails
//! as it is told to.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::{Backend, BackendError, Condition, CreateEffect, Note};
use crate::cli::GlobalArgs;
use crate::context::{Context, Environment, Program};
use crate::model::{
    ApiKey, ApiKeyChanges, ApiKeyDetails, ApiKeyId, BackendKind, CreatedApiKey, Detail, EntityTag,
    Identity, NewApiKey, NewValue, Owner, Selection,
};
use crate::secret::Secret;
use crate::ui::{Manner, Ui};

type Answer<T> = Result<T, BackendError>;

#[derive(Debug)]
pub(crate) struct Fake {
    pub(crate) effect: CreateEffect,
    pub(crate) keys: Vec<ApiKey>,
    /// What becomes of deletions, one after the other.
    pub(crate) deletions: Mutex<VecDeque<Result<(), Condition>>>,
}

impl Default for Fake {
    fn default() -> Self {
        Self { effect: CreateEffect::Adds, keys: Vec::new(), deletions: Mutex::default() }
    }
}

impl Fake {
    /// A context that works with it.
    pub(crate) fn context(self, manner: Manner) -> Context {
        let context = Context::new(
            Environment::default(),
            Program::of_arg0(None),
            GlobalArgs::default(),
            Ui::new(manner),
        );
        context.unwrap().with_backend(Box::new(self))
    }
}

fn no<T>() -> Answer<T> {
    Err(Condition::Unsupported("this in a test").into())
}

impl Backend for Fake {
    fn kind(&self) -> BackendKind {
        BackendKind::Remote
    }
    fn endpoint(&self) -> String {
        String::new()
    }
    fn identity(&self) -> Answer<Identity> {
        let user = "me@example.com".to_owned();
        Ok(Identity { iam_id: "IBMid-1".into(), account_id: "account".into(), user })
    }
    fn create_effect(&self) -> CreateEffect {
        self.effect
    }
    fn api_keys(&self, _: &Owner, _: &Selection) -> Answer<Vec<ApiKey>> {
        Ok(self.keys.clone())
    }
    fn api_key(&self, id: &ApiKeyId, _: Detail) -> Answer<ApiKeyDetails> {
        let key = self.keys.iter().find(|key| key.id == *id).ok_or(Condition::NotFound)?.clone();
        Ok(ApiKeyDetails { key, history: None, activity: None })
    }
    fn api_key_by_value(&self, _: &Secret) -> Answer<ApiKey> {
        no()
    }
    fn check_new(&self, _: &NewApiKey) -> Answer<()> {
        no()
    }
    fn acting_with(&self, _: &Secret) -> Answer<Option<Box<dyn Backend>>> {
        no()
    }
    fn choose_id(&self) -> Option<ApiKeyId> {
        None
    }
    fn create_api_key(
        &self,
        _: &NewApiKey,
        _: NewValue<'_>,
        _: &mut Note<'_>,
    ) -> Answer<CreatedApiKey> {
        no()
    }
    fn check_changes(&self, _: &ApiKeyChanges) -> Answer<()> {
        no()
    }
    fn update_api_key(&self, _: &ApiKeyId, _: &EntityTag, _: &ApiKeyChanges) -> Answer<ApiKey> {
        no()
    }
    fn delete_api_key(&self, _: &ApiKeyId) -> Answer<()> {
        let answer = self.deletions.lock().unwrap().pop_front().expect("no more deletions");
        Ok(answer?)
    }
    fn set_locked(&self, _: &ApiKeyId, _: bool) -> Answer<()> {
        no()
    }
    fn set_disabled(&self, _: &ApiKeyId, _: bool) -> Answer<()> {
        no()
    }
}
