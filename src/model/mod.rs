//! What the program talks about: API keys, who owns them, and what can be asked of them.

mod changes;
mod counts;
mod document;
mod finding;
mod id;
mod key;
mod life;
mod managed;
mod owner;
mod service_id;
mod state;
mod timestamp;

pub use changes::{ApiKeyChanges, CreatedApiKey, NewApiKey, NewValue};
pub use counts::{Counts, OwnerCounts};
pub use document::{
    Absent, activity_document, group_document, history_document, key_document, service_id_document,
};
pub use finding::{Finding, Rule, Severity, Unchecked};
pub use id::{
    ApiKeyId, GroupId, GroupRef, Id, KeyRef, Ref, ServiceChoice, ServiceRef, ServiceUuid,
};
pub use key::{Activity, ApiKey, ApiKeyDetails, Detail, EntityTag, HistoryEntry, LeakAction};
pub use life::{LastUse, Life, Window};
pub use managed::{IN_TASK_CREDENTIAL, managed};
pub use owner::{BackendKind, Identity, Owner, Scope, Selection};
pub use service_id::{
    GroupChanges, NewServiceId, ServiceId, ServiceIdChanges, ServiceIdDetails, ServiceIdGroup,
    ServiceIdSelection,
};
pub use state::{State, states};
pub use timestamp::{Timestamp, WireTime, in_largest_unit, parse_duration, write_duration};
