//! Service IDs and their groups: tables for people, documents for programs.

use super::columns::{self, Cell, Column};
use super::table::yes_no;
use crate::model::ServiceId;

fn group(service_id: &ServiceId) -> &str {
    service_id.group_id.as_ref().map_or("", |group| group.as_str())
}

/// Lays out the service IDs of one name.
pub fn candidates(service_ids: &[ServiceId]) -> String {
    let columns: [Column<ServiceId>; 5] = [
        Column::new("ID", |found| Cell::Text(found.id.as_str())),
        Column::new("Name", |found| Cell::Text(&found.name)),
        Column::new("Group", |found| Cell::Text(group(found))),
        Column::new("Locked", |found| Cell::Text(yes_no(found.locked))),
        Column::new("Created At", |found| Cell::Time(found.created_at)),
    ];
    columns::small(&columns, service_ids)
}
