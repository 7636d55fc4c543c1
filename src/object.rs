//! JSON objects that are written field by field, in order, without a type for each.

use serde::ser::{Serialize, SerializeMap, Serializer};

/// A JSON object.
#[derive(Debug)]
pub struct Object<F = ()>(F);

/// The fields of an object.
pub trait Fields {
    /// Writes the fields.
    fn put<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// A field behind others. It is left out if it is `None`.
#[derive(Debug)]
pub struct Field<F, V>(F, &'static str, Option<V>);

/// Begins an object.
pub fn object() -> Object {
    Object(())
}

impl<F> Object<F> {
    /// Adds a field.
    pub fn with<V: Serialize>(self, name: &'static str, value: V) -> Object<Field<F, V>> {
        self.with_some(name, Some(value))
    }

    /// Adds a field unless it is `None`.
    pub fn with_some<V: Serialize>(
        self,
        name: &'static str,
        value: Option<V>,
    ) -> Object<Field<F, V>> {
        Object(Field(self.0, name, value))
    }
}

impl Fields for () {
    fn put<M: SerializeMap>(&self, _: &mut M) -> Result<(), M::Error> {
        Ok(())
    }
}

impl<F: Fields, V: Serialize> Fields for Field<F, V> {
    fn put<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.0.put(map)?;
        self.2.as_ref().map_or(Ok(()), |value| map.serialize_entry(self.1, value))
    }
}

impl<F: Fields> Serialize for Object<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.put(&mut map)?;
        map.end()
    }
}
