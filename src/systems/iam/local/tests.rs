//! Service IDs and groups where a test over HTTP would take long.

use super::LocalKeys;
use super::entity::{Entities, Entity, Kind};
use super::fold::{Fold, Stored, Want};
use super::record::Op;
use super::service_ids::MOST_IN_GROUP;
use super::store::Line;
use crate::clock::Clock;
use crate::model::{
    ApiKeyChanges, GroupChanges, NewApiKey, NewServiceId, NewValue, ServiceIdSelection,
};
use crate::systems::{Condition, Keys as _, ServiceIds as _};

fn new(name: &str) -> NewServiceId {
    NewServiceId { name: name.to_owned(), ..NewServiceId::default() }
}

fn store() -> LocalKeys {
    LocalKeys::in_memory(20, Clock::System)
}

/// Records that `op` left each entity as it is.
fn append(keys: &LocalKeys, op: Op, entities: &[Entity]) {
    let mut writer = keys.store.write().unwrap();
    let heading = writer.heading(LocalKeys::founder).unwrap();
    let identity = &heading.identity;
    let records: Vec<_> =
        entities.iter().map(|entity| entity.record(op, &identity.iam_id, identity)).collect();
    let (_, scan) = LocalKeys::scan_entities(&writer, identity).unwrap();
    writer.append_all(&scan, &heading, &[], &records).unwrap();
}

/// Everything that is kept, and in how many lines.
fn everything(keys: &LocalKeys) -> (String, u64) {
    let identity = keys.identity().unwrap();
    let mut fold = Fold::new(&identity, Want::Everything);
    let mut entities = Entities::new(&identity);
    let scan = keys.store.read_all(|line| match line {
        Line::Key(line) => fold.take(&line),
        Line::Entity(line) => entities.take(&line),
    });
    let keys: Vec<Stored> = fold.into_stored().collect();
    let of = |kind| entities.of(kind).collect::<Vec<_>>();
    let all = format!("{:#?}", (keys, of(Kind::Group), of(Kind::Service)));
    (all, scan.unwrap().log.lines)
}

#[test]
fn compaction_keeps_service_ids_their_keys_and_groups_with_their_histories() {
    let keys = store();
    let group = keys.create_group("team", "d").unwrap();
    let changes = GroupChanges { description: Some("all".to_owned()), name: None };
    keys.change_group(&LocalKeys::default_group(), None, &changes).unwrap();
    let robot = keys.acting_as("iam-ServiceId-robot".into());
    let full = NewServiceId {
        description: "d".to_owned(),
        group_id: Some(group.id),
        unique_instance_crns: vec!["crn".to_owned()],
        ..new("one")
    };
    let made = robot.create_service_id(&full).unwrap();
    robot.set_service_id_locked(&made.id, true).unwrap();
    keys.delete_service_id(&keys.create_service_id(&new("gone")).unwrap().id).unwrap();
    let busy = keys.create_service_id(&new("busy")).unwrap();
    let key = NewApiKey {
        id: None,
        owner: busy.owner(),
        name: "its".to_owned(),
        description: String::new(),
        locked: false,
        disabled: false,
        action_when_leaked: None,
        expires_at: None,
        support_sessions: None,
    };
    let key = keys.make(&key, &NewValue::ServiceChooses).unwrap().key;
    robot.change_fields(&key.id, None, &ApiKeyChanges::default()).unwrap();
    // Superseded so far: five.
    let identity = keys.identity().unwrap();
    let entity =
        keys.entities(&identity).unwrap().get(Kind::Service, busy.id.as_str()).unwrap().clone();
    append(&keys, Op::Update, &vec![entity; 995]);
    let (before, lines) = everything(&keys);
    assert_eq!(lines, 1 + 9 + 995, "all but the 1,001st superseded line");
    keys.set_service_id_locked(&busy.id, true).unwrap();
    let (after, lines) = everything(&keys);
    assert_eq!(lines, 6, "a header, two groups, two service IDs, a key");
    let history = |text: &str| text.matches("action: ").count();
    assert_eq!(history(&after), history(&before) + 1);
    // What was changed last is the last in the text.
    let unchanged = before.split("\"busy\"").next().unwrap();
    let unchanged = &unchanged[..unchanged.rfind("tag: ").unwrap()];
    assert!(unchanged.contains("\"crn\"") && after.starts_with(unchanged), "{after}");
    let all = keys.list_service_ids(&ServiceIdSelection::default()).unwrap();
    let all: Vec<_> = all.iter().map(|one| (&*one.name, one.locked)).collect();
    assert_eq!(all, [("one", true), ("busy", true)]);
}

#[test]
fn a_group_holds_no_more_than_the_service_lets_it() {
    let keys = store();
    let identity = keys.identity().unwrap();
    let entity = |n| {
        let id = format!("ServiceId-{n:08}-0000-4000-8000-000000000000");
        keys.new_entity(Kind::Service, &id, &identity).unwrap()
    };
    append(&keys, Op::Create, &(0..MOST_IN_GROUP).map(entity).collect::<Vec<_>>());
    let refused = keys.create_service_id(&new("one more")).unwrap_err();
    let expected = Condition::TooMany { what: "service IDs in this group", limit: MOST_IN_GROUP };
    assert_eq!(refused.condition, expected);
    let group = keys.create_group("another", "").unwrap();
    let elsewhere = NewServiceId { group_id: Some(group.id), ..new("one more") };
    keys.create_service_id(&elsewhere).unwrap();
}
