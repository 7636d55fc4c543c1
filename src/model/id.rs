//! Ids as the service writes them, and things as they are named on the command line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An id of the form `PREFIX<uuid>`.
pub trait Id: fmt::Display {
    /// What stands before the UUID: `ApiKey-`.
    const PREFIX: &'static str;
    /// What it is the id of: `API key`.
    const NOUN: &'static str;

    /// Takes an id as text.
    fn take(text: &str) -> Self;

    /// Returns the id as text if it has the service's form.
    fn usual(&self) -> Option<&str>;
}

/// Tells whether `text` is this prefix and a whole UUID.
fn is_id(text: &str, prefix: &str) -> bool {
    let uuid = text.strip_prefix(prefix);
    uuid.is_some_and(|uuid| uuid.len() == 36 && uuid::Uuid::try_parse(uuid).is_ok())
}

macro_rules! ids {
    ($($(#[$about:meta])* $name:ident = $prefix:literal $noun:literal,)*) => {
        $(
            $(#[$about])*
            #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
            pub struct $name(Box<str>);

            impl $name {
                /// Takes an id as a backend wrote it, in any form.
                pub fn new(id: impl Into<Box<str>>) -> Self {
                    Self(id.into())
                }

                /// Makes the id of something new from 16 random bytes (UUID version 4).
                pub fn from_random(bytes: [u8; 16]) -> Self {
                    let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
                    Self(format!(concat!($prefix, "{}"), uuid).into())
                }

                /// Returns the id as text.
                pub fn as_str(&self) -> &str {
                    &self.0
                }

                /// Tells whether the id has the service's form. Other ids may hold anything, so they must not enter a path or a
                /// command.
                pub fn is_usual(&self) -> bool {
                    is_id(&self.0, $prefix)
                }

                /// Returns the id for a suggested command, or `<ID>` for an id that does not have the service's form.
                pub fn in_command(&self) -> &str {
                    if self.is_usual() { &self.0 } else { "<ID>" }
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&self.0)
                }
            }

            impl Id for $name {
                const PREFIX: &'static str = $prefix;
                const NOUN: &'static str = $noun;

                fn take(text: &str) -> Self {
                    Self::new(text)
                }

                fn usual(&self) -> Option<&str> {
                    self.is_usual().then_some(&*self.0)
                }
            }
        )*
    };
}

ids! {
    /// The id of an API key: `ApiKey-<uuid>`.
    ApiKeyId = "ApiKey-" "API key",
    /// The id of a service ID: `ServiceId-<uuid>`.
    ServiceUuid = "ServiceId-" "service ID",
    /// The id of a group of service IDs: `ServiceIdGroup-<uuid>`.
    GroupId = "ServiceIdGroup-" "service ID group",
}

/// Something as named on the command line: by id, or by a name that several may share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ref<I> {
    /// An id with a whole UUID.
    Id(I),
    /// Anything else, `ApiKey-prod` included: an exact, case-sensitive name.
    Name(String),
}

/// A key as named on the command line.
pub type KeyRef = Ref<ApiKeyId>;
/// A service ID as named on the command line.
pub type ServiceRef = Ref<ServiceUuid>;
/// A group of service IDs as named on the command line.
pub type GroupRef = Ref<GroupId>;

/// A service ID as named on the command line, and the group in which its name is looked for; every group when absent.
#[derive(Clone, Debug)]
pub struct ServiceChoice {
    /// The service ID.
    pub named: ServiceRef,
    /// The group.
    pub group: Option<GroupRef>,
}

impl<I: Id> Ref<I> {
    /// Reads a NAME|UUID argument.
    pub fn parse(text: &str) -> Self {
        if is_id(text, I::PREFIX) { Self::Id(I::take(text)) } else { Self::Name(text.to_owned()) }
    }
}

impl ServiceRef {
    /// Reads a NAME|UUID argument, which may also be an IAM id: `iam-ServiceId-<uuid>`.
    pub fn parse_owner(text: &str) -> Self {
        match text.strip_prefix("iam-").map(Self::parse) {
            Some(Self::Id(id)) => Self::Id(id),
            _ => Self::parse(text),
        }
    }
}

impl<I: fmt::Display> fmt::Display for Ref<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_uuid_makes_an_id() {
        let id = "ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe";
        assert_eq!(KeyRef::parse(id), KeyRef::Id(ApiKeyId::new(id)));
        assert!(matches!(ServiceRef::parse(id), ServiceRef::Name(_)));
        for name in [
            "ApiKey-bankLoan",
            "ApiKey-18f773b0db5343f1ad6892c667c218fe",
            "ApiKey-18f773b0-db53-43f1-ad68-92c667c218f",
            "ApiKey-{18f773b0-db53-43f1-ad68-92c667c218fe}",
            "apikey-18f773b0-db53-43f1-ad68-92c667c218fe",
            "",
        ] {
            assert_eq!(KeyRef::parse(name), KeyRef::Name(name.into()), "{name}");
        }
    }
}
