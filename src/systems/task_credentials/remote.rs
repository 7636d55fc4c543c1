//! Task credentials at watsonx, a store for each region, as IBM's SDK for watsonx.ai asks for them.

use reqwest::Method;

use super::{Region, Regions, TaskCredential, wire};
use crate::clock::Clock;
use crate::http::{Body, Reply, Request, Text, Transport};
use crate::secret::Secret;
use crate::settings::service::Service;
use crate::systems::{Condition, Keys, Result, SystemError, answer};

/// The version of the interface that IBM's SDK asks for.
const VERSION: &str = "2021-06-21";

/// Task credentials at watsonx.
#[derive(Debug)]
pub struct RemoteRegions {
    /// How IAM is reached.
    iam: Service,
    /// Where the stores are, if a variable says so.
    url: Option<String>,
    transport: Transport,
}

/// A request, without the token.
struct Call<'a> {
    method: Method,
    id: Option<&'a str>,
    /// A document, and the secret in it.
    body: Option<(&'a [u8], &'a Secret)>,
}

impl RemoteRegions {
    /// Takes how IAM is reached, and the URL of the stores if something names it. Sends nothing yet.
    pub fn new(iam: Service, url: Option<String>, clock: Clock) -> Self {
        let transport = Transport::new(iam.http.clone(), clock);
        Self { iam, url, transport }
    }

    /// Sends a request; one that stores is sent once. A token that is refused is renewed once. Fails if the answer is no success,
    /// with `OutcomeUnknown` if something may have been changed.
    fn send<T>(
        &self,
        keys: &dyn Keys,
        region: &Region,
        call: &Call<'_>,
        read: impl FnOnce(&Reply) -> Option<T>,
    ) -> Result<T> {
        let to = region.endpoint(self.url.as_deref(), &self.iam.endpoint);
        let to = to.map_err(|why| SystemError::from(Condition::Rejected(why)))?;
        let reads = call.method == Method::GET;
        let segments: Vec<&str> = ["v1", "task_credentials"].into_iter().chain(call.id).collect();
        let query: &[_] = if reads { &[] } else { &[("version", VERSION)] };
        let mut bearer = keys.access_token()?.ok_or(Condition::Unauthorized)?;
        let mut is_renewed = false;
        loop {
            let mut request = Request::new(call.method.clone(), &to, &segments, query);
            request.headers.push(("Authorization", Text::Authorization("Bearer", &bearer)));
            if let Some((json, secret)) = call.body {
                request.body = Body::Json(json, Some(secret));
            }
            let sent = if call.method == Method::POST {
                let sent = self.transport.send_once(&request, self.iam.http.timeout());
                sent.map(|reply| (reply.is_trouble(), reply))
            } else {
                self.transport.send(&request).map(|(reply, in_doubt)| (in_doubt, reply))
            };
            let (in_doubt, reply) = match sent {
                Ok(answered) => answered,
                Err(failure) if reads => return Err(answer::no_answer(failure)),
                Err(failure) => return Err(answer::in_doubt(failure)),
            };
            if reply.status == 401
                && !is_renewed
                && let Some(renewed) = keys.renewed_access_token()?
            {
                bearer = renewed;
                is_renewed = true;
                continue;
            }
            let error = if reply.is_success() {
                match read(&reply) {
                    Some(found) => return Ok(found),
                    None if reads => return Err(answer::unreadable(&request)),
                    None => answer::unknown(answer::unreadable(&request)),
                }
            } else {
                refused(&request, &reply, &self.transport)
            };
            return Err(if in_doubt && !reads { answer::unknown(error) } else { error });
        }
    }
}

impl Regions for RemoteRegions {
    fn list(&self, keys: &dyn Keys, region: &Region) -> Result<Vec<TaskCredential>> {
        let call = Call { method: Method::GET, id: None, body: None };
        self.send(keys, region, &call, |reply| wire::read_list(&reply.body))
    }

    fn store(
        &self,
        keys: &dyn Keys,
        region: &Region,
        name: &str,
        description: &str,
        value: &Secret,
    ) -> Result<TaskCredential> {
        let body = wire::new_body(name, description, value);
        let call = Call { method: Method::POST, id: None, body: Some((&body, value)) };
        self.send(keys, region, &call, |reply| wire::read_one(&reply.body))
    }

    fn delete(&self, keys: &dyn Keys, region: &Region, id: &str) -> Result<()> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if id.is_empty() || !id.bytes().all(is_plain) {
            let words = "The ID of the task credential is not of the usual form; nothing was sent";
            return Err(Condition::Rejected(words.to_owned()).into());
        }
        let call = Call { method: Method::DELETE, id: Some(id), body: None };
        let failed = match self.send(keys, region, &call, |_| Some(())) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        // The listing tells what became of a request whose answer is lost.
        let is_gone = || {
            let listed = self.list(keys, region);
            listed.is_ok_and(|listed| listed.iter().all(|found| found.id != id))
        };
        if matches!(failed.condition, Condition::OutcomeUnknown(_)) && is_gone() {
            return Ok(());
        }
        Err(failed)
    }

    fn take_warnings(&self) -> Vec<String> {
        self.transport.complaint().into_iter().collect()
    }
}

/// Makes the error for an answer that is no success.
fn refused(request: &Request<'_>, reply: &Reply, transport: &Transport) -> SystemError {
    let service = answer::read(reply, transport);
    let is_told = service.code.is_some() || service.message.is_some();
    let (condition, hint) = match reply.status {
        400 | 422 => {
            (Condition::Invalid("The service finds the request invalid.".to_owned()), None)
        }
        401 => (Condition::Unauthorized, None),
        403 => {
            let hint = "The account needs a watsonx service in this region, and you a role in it.";
            (Condition::Forbidden, Some(hint.to_owned()))
        }
        // A 404 without a code or a message is a gateway's, and says nothing about the task credential.
        404 if is_told && request.method == Method::DELETE => (Condition::NotFound, None),
        409 => (Condition::Conflict, None),
        _ => return answer::other(request, reply, service, transport),
    };
    SystemError { service: Some(Box::new(service)), hint, ..condition.into() }
}
