//! Service IDs and their groups at the service.

use reqwest::Method;
use serde::Serialize;

use super::call::{Call, Document, Header, Lost, Sent};
use super::list::Listed as _;
use super::service_wire::{
    GroupBody, ServiceIdBody, group_changes, new_group, new_service_id, service_id_changes,
};
use super::wire::ListBody;
use super::{RemoteKeys, in_query, is_gone};
use crate::http::Budget;
use crate::model::{
    Detail, EntityTag, GroupChanges, GroupId, NewServiceId, ServiceId, ServiceIdChanges,
    ServiceIdDetails, ServiceIdGroup, ServiceIdSelection, ServiceUuid,
};
use crate::systems::{Condition, Keys as _, Result, ServiceIds, SystemError, answer};

const SERVICE_IDS: &str = "serviceids";
const GROUPS: &str = "serviceid_groups";
/// A service ID tells its group only where that is asked for.
const WITH_GROUP: (&str, &str) = ("show_group_id", "true");

impl ServiceIds for RemoteKeys {
    fn list_service_ids(&self, which: &ServiceIdSelection) -> Result<Vec<ServiceId>> {
        let mut query = vec![WITH_GROUP];
        query.extend(which.name.as_deref().map(|name| ("name", name)));
        let groups = match &which.group_id {
            Some(group) => vec![Some(group.clone())],
            None => self.groups_to_walk()?,
        };
        self.list_pages(&query, &groups)
    }

    fn get_service_id(&self, id: &ServiceUuid, detail: Detail) -> Result<ServiceIdDetails> {
        let mut query = in_query(detail);
        query.push(WITH_GROUP);
        let segments = ["v1", SERVICE_IDS, Self::in_path(id)?];
        self.read(&Call::get(&segments, &query), |sent| {
            service_id(sent, detail).filter(|found| found.service_id.id == *id)
        })
    }

    fn create_service_id(&self, new: &NewServiceId) -> Result<ServiceId> {
        let me = self.identity()?;
        let mut call = Call::new(Method::POST, ServiceId::PATH);
        call.query = &[WITH_GROUP];
        if new.locked {
            call.headers.push(("Entity-Lock", Header::Plain("true")));
        }
        self.make_once(call, &new_service_id(new, &me), just_service_id)
    }

    fn update_service_id(
        &self,
        id: &ServiceUuid,
        seen: &EntityTag,
        changes: &ServiceIdChanges,
    ) -> Result<ServiceId> {
        self.put(
            &["v1", SERVICE_IDS, Self::in_path(id)?],
            seen,
            &service_id_changes(changes),
            just_service_id,
            || self.service_id(id),
            |now| (&now.entity_tag, changes.already_in(now)),
        )
    }

    fn delete_service_id(&self, id: &ServiceUuid) -> Result<()> {
        let segments = ["v1", SERVICE_IDS, Self::in_path(id)?];
        let call = Call::new(Method::DELETE, &segments);
        let look = || self.service_id(id);
        let mut budget = Budget::new(&self.transport.settings);
        let mut is_again = false;
        loop {
            match self.act(&call, look, is_gone) {
                // The reference: "Delete Conflict. Unable to delete at this moment, a retry may help."
                Err(error) if error.condition == Condition::Conflict => {
                    let now = look();
                    if is_gone(&now) {
                        return Ok(());
                    }
                    if now?.locked || !budget.pause(None) {
                        return Err(error);
                    }
                    is_again = true;
                }
                // An earlier attempt may have deleted it after all.
                Err(error) if is_again && error.condition == Condition::NotFound => return Ok(()),
                ended => return ended,
            }
        }
    }

    fn set_service_id_locked(&self, id: &ServiceUuid, locked: bool) -> Result<()> {
        let method = if locked { Method::POST } else { Method::DELETE };
        let segments = ["v1", SERVICE_IDS, Self::in_path(id)?, "lock"];
        let call = Call::new(method, &segments);
        let as_asked = |now: &Result<ServiceId>| now.as_ref().is_ok_and(|now| now.locked == locked);
        self.act(&call, || self.service_id(id), as_asked)
    }

    fn list_groups(&self) -> Result<Vec<ServiceIdGroup>> {
        let me = self.identity()?;
        let segments = ["v1", GROUPS];
        let query = [("account_id", &*me.account_id)];
        let mut groups = self.read(&Call::get(&segments, &query), |sent| {
            let body: ListBody<GroupBody> = serde_json::from_slice(&sent.reply.body).ok()?;
            Some(body.items.iter().map(|group| group.group(&me, None)).collect::<Vec<_>>())
        })?;
        groups.sort_by_key(|group| group.created_at);
        Ok(groups)
    }

    fn create_group(&self, name: &str, description: &str) -> Result<ServiceIdGroup> {
        let me = self.identity()?;
        let call = Call::new(Method::POST, &["v1", GROUPS]);
        self.make_once(call, &new_group(name, description, &me), group)
    }

    fn update_group(
        &self,
        id: &GroupId,
        seen: &EntityTag,
        changes: &GroupChanges,
    ) -> Result<ServiceIdGroup> {
        self.put(
            &["v1", GROUPS, Self::in_path(id)?],
            seen,
            &group_changes(changes),
            group,
            || self.group(id),
            |now| (&now.entity_tag, changes.already_in(now)),
        )
    }

    fn delete_group(&self, id: &GroupId) -> Result<()> {
        let segments = ["v1", GROUPS, Self::in_path(id)?];
        self.act(&Call::new(Method::DELETE, &segments), || self.group(id), is_gone)
    }
}

impl RemoteKeys {
    /// Returns the groups of the account, for a listing of all of them; the first, without an ID, is the default group. A
    /// service that shows no groups has only that.
    pub(super) fn groups_to_walk(&self) -> Result<Vec<Option<GroupId>>> {
        let mut groups = match self.list_groups() {
            Ok(listed) => listed,
            Err(error) if has_no_groups(&error) => Vec::new(),
            Err(error) => return Err(error),
        };
        if !groups.is_empty() {
            // It may be listed, too, and nothing but a service ID in it tells its ID.
            let default = self.default_group()?;
            groups.retain(|group| default.as_ref() != Some(&group.id));
        }
        Ok([None].into_iter().chain(groups.into_iter().map(|group| Some(group.id))).collect())
    }

    /// Returns the ID of the default group, if a service ID in it tells that.
    fn default_group(&self) -> Result<Option<GroupId>> {
        let me = self.identity()?;
        let query = [("account_id", &*me.account_id), ("pagesize", "1"), WITH_GROUP];
        let call = Call::get(ServiceId::PATH, &query);
        self.read(&call, |sent| {
            let body: ListBody<ServiceIdBody<'_>> =
                serde_json::from_slice(&sent.reply.body).ok()?;
            let first = body.items.first().map(|item| item.service_id(&me, None));
            Some(first.and_then(|first| first.group_id))
        })
    }

    fn service_id(&self, id: &ServiceUuid) -> Result<ServiceId> {
        self.get_service_id(id, Detail::default()).map(|details| details.service_id)
    }

    fn group(&self, id: &GroupId) -> Result<ServiceIdGroup> {
        self.read(&Call::get(&["v1", GROUPS, Self::in_path(id)?], &[]), group)
    }

    /// Sends a call that makes something. It is not sent again once it may have been carried out, for that could make a
    /// second one.
    fn make_once<T>(
        &self,
        mut call: Call<'_>,
        body: &impl Serialize,
        read: fn(&Sent) -> Option<T>,
    ) -> Result<T> {
        call.body = Some(Document::of(body, None));
        let mut budget = Budget::new(&self.transport.settings);
        let sent = loop {
            match self.send_once(&call) {
                Ok(sent) => break sent,
                Err(Lost::OnTheWay(failure)) if failure.sent || failure.lasting => {
                    return Err(answer::in_doubt(failure));
                }
                Err(Lost::OnTheWay(failure)) => {
                    if !budget.pause(None) {
                        return Err(answer::no_answer(failure));
                    }
                }
                Err(lost) => return Err(lost.into()),
            }
        };
        match sent.reply.status {
            200..=299 => read(&sent).ok_or_else(|| answer::unknown(self.unreadable(&call, &sent))),
            // 408 may be a gateway's that gave up waiting. These redirects would repeat the request elsewhere, so it was not
            // carried out here.
            301 | 302 | 307 | 308 | 400..=407 | 409..=499 => Err(self.refused(&call, &sent)),
            _ => Err(answer::unknown(self.refused(&call, &sent))),
        }
    }
}

/// Tells whether a service answers so where it has no groups, or shows none.
fn has_no_groups(error: &SystemError) -> bool {
    let status = error.service.as_ref().and_then(|service| service.status);
    matches!(status, Some(403..=405))
}

/// Reads a service ID from an answer; `None` if it is not understood.
fn service_id(sent: &Sent, detail: Detail) -> Option<ServiceIdDetails> {
    let body: ServiceIdBody<'_> = serde_json::from_slice(&sent.reply.body).ok()?;
    Some(body.details(&sent.token.identity, sent.reply.header("etag"), detail))
}

fn just_service_id(sent: &Sent) -> Option<ServiceId> {
    service_id(sent, Detail::default()).map(|details| details.service_id)
}

/// Reads a group from an answer; `None` if it is not understood.
fn group(sent: &Sent) -> Option<ServiceIdGroup> {
    let body: GroupBody = serde_json::from_slice(&sent.reply.body).ok()?;
    Some(body.group(&sent.token.identity, sent.reply.header("etag")))
}
