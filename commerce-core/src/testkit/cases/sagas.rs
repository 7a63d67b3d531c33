use std::borrow::Cow;

use crate::id::{MerchantId, OrderId, PaymentId, WorkerId};
use crate::ports::{ChangeSet, Clock, KindVersion, NewSaga, Rejection, Root, SagaId, SagaPhase, SagaQuery, SagaRow, SagaUpdate, SagaWrite};
use crate::testkit::lab::{merchant, walk};
use crate::testkit::{ChangeSetExt, Lab};
use crate::time::Timestamp;

pub(crate) const LEASE_MS: u64 = 30_000;

pub(crate) fn kind(name: &'static str, version: u16) -> KindVersion {
    KindVersion { kind: Cow::Borrowed(name), version }
}

/// A saga that waits to be woken.
pub(crate) fn new_saga(id: SagaId) -> NewSaga {
    NewSaga { id, kind: kind("collect", 1), order: None, payment: None, state: vec![1, 0, 2], due: None, leased_to: None }
}

/// A step that goes on running and keeps the lease.
pub(crate) fn update(id: SagaId, epoch: u64, revision: u64) -> SagaWrite {
    SagaWrite::Update(step(id, epoch, revision))
}

pub(crate) fn step(id: SagaId, epoch: u64, revision: u64) -> SagaUpdate {
    SagaUpdate { id, epoch, revision, phase: SagaPhase::Running, due: None, failures: 0, last_error: None, state: vec![2], release: false }
}

fn write(lab: &Lab, write: SagaWrite) -> ChangeSet {
    lab.any_set().saga(write)
}

async fn insert_due(lab: &Lab, due: Timestamp) -> SagaId {
    let id = lab.id(SagaId);
    lab.committed(write(lab, SagaWrite::Insert(NewSaga { due: Some(due), ..new_saga(id) }))).await;
    id
}

async fn row(lab: &Lab, id: SagaId) -> SagaRow {
    let row = lab.store.sagas.get(&MerchantId::default(), id).await.expect("the saga is read");
    row.unwrap_or_else(|| panic!("there is no saga {id}"))
}

async fn claim(lab: &Lab, worker: WorkerId, limit: u32) -> Vec<SagaRow> {
    lab.store.sagas.claim(worker, &[kind("collect", 1)], LEASE_MS, limit).await.expect("sagas are leased")
}

fn ids(rows: &[SagaRow]) -> Vec<SagaId> {
    rows.iter().map(|row| row.id).collect()
}

pub async fn a_new_saga_reads_back_as_it_was_written(lab: Lab) {
    let id = lab.id(SagaId);
    let (order, payment) = (lab.id(OrderId::new), lab.id(PaymentId::new));
    let set = lab.any_set();
    let (now, due) = (set.now, set.now.plus_secs(5));
    let saga = NewSaga { order: Some(order), payment: Some(payment), due: Some(due), ..new_saga(id) };
    lab.committed(set.saga(SagaWrite::Insert(saga))).await;
    let expected = SagaRow {
        id,
        merchant: MerchantId::default(),
        kind: kind("collect", 1),
        order: Some(order),
        payment: Some(payment),
        phase: SagaPhase::Running,
        epoch: 0,
        revision: 1,
        lease: None,
        due: Some(due),
        failures: 0,
        last_error: None,
        state: vec![1, 0, 2],
        created_at: now,
        updated_at: now,
    };
    assert_eq!(row(&lab, id).await, expected);
    assert_eq!(lab.store.sagas.get(&merchant("other"), id).await.expect("read"), None);
    assert_eq!(lab.store.sagas.get(&MerchantId::default(), lab.id(SagaId)).await.expect("read"), None);
}

pub async fn a_saga_that_begins_leased_has_epoch_1_and_is_nobody_elses(lab: Lab) {
    let (id, worker) = (lab.id(SagaId), lab.id(WorkerId::new));
    let due = Some(lab.clock.now());
    lab.committed(write(&lab, SagaWrite::Insert(NewSaga { due, leased_to: Some((worker, LEASE_MS)), ..new_saga(id) }))).await;
    let found = row(&lab, id).await;
    assert_eq!((found.epoch, found.revision, found.lease), (1, 1, Some((worker, lab.clock.now().plus_millis(LEASE_MS)))));
    assert_eq!(claim(&lab, lab.id(WorkerId::new), 10).await, []);
    lab.committed(write(&lab, update(id, 1, 1))).await;
}

pub async fn a_saga_that_exists_is_not_begun_again(lab: Lab) {
    let id = lab.id(SagaId);
    let insert = || write(&lab, SagaWrite::Insert(new_saga(id)));
    lab.committed(insert()).await;
    assert_eq!(lab.rejected(insert()).await, Rejection::Fenced { saga: id });
}

pub async fn a_step_is_written_with_the_epoch_and_the_revision_of_the_row_and_is_fenced_with_any_other(lab: Lab) {
    let (id, worker) = (insert_due(&lab, lab.clock.now()).await, lab.id(WorkerId::new));
    let leased = claim(&lab, worker, 1).await;
    assert_eq!((leased[0].epoch, leased[0].revision), (1, 1));
    for (epoch, revision) in [(0, 1), (2, 1), (1, 0), (1, 2)] {
        assert_eq!(lab.rejected(write(&lab, update(id, epoch, revision))).await, Rejection::Fenced { saga: id }, "{epoch}/{revision}");
    }
    let unknown = lab.id(SagaId);
    assert_eq!(lab.rejected(write(&lab, update(unknown, 1, 1))).await, Rejection::Fenced { saga: unknown });

    lab.clock.advance_ms(7);
    let due = Some(lab.clock.now().plus_secs(60));
    let failing = SagaUpdate { due, failures: 3, last_error: Some("card\u{1f4b3} declined".to_owned()), ..step(id, 1, 1) };
    lab.committed(write(&lab, SagaWrite::Update(failing))).await;
    let found = row(&lab, id).await;
    assert_eq!((found.epoch, found.revision, found.due, found.failures), (1, 2, due, 3));
    assert_eq!((found.last_error.as_deref(), found.state), (Some("card\u{1f4b3} declined"), vec![2]));
    assert_eq!((found.created_at, found.updated_at), (leased[0].created_at, lab.clock.now()));
    assert_eq!(found.lease.map(|(worker, _)| worker), Some(worker));
    lab.rejected(write(&lab, update(id, 1, 1))).await;
    lab.committed(write(&lab, update(id, 1, 2))).await;
}

pub async fn due_sagas_are_leased_the_most_overdue_first_and_up_to_a_limit(lab: Lab) {
    let now = lab.clock.now();
    let mut made = Vec::new();
    for later_s in [30, 10, 20, 500] {
        made.push(insert_due(&lab, now.plus_secs(later_s)).await);
    }
    let worker = lab.id(WorkerId::new);
    assert_eq!(claim(&lab, worker, 10).await, []);
    lab.clock.advance_s(30);
    assert_eq!(ids(&claim(&lab, worker, 2).await), [made[1], made[2]]);
    let last = claim(&lab, worker, 10).await;
    assert_eq!((ids(&last), last[0].epoch), (vec![made[0]], 1));
    assert_eq!(last[0].lease, Some((worker, lab.clock.now().plus_millis(LEASE_MS))));
    assert_eq!(last[0], row(&lab, made[0]).await);
    assert_eq!(claim(&lab, worker, 10).await, []);
}

pub async fn a_worker_leases_only_kinds_and_versions_that_it_knows(lab: Lab) {
    let mut made = Vec::new();
    for of in [kind("collect", 1), kind("collect", 2), kind("ship", 1)] {
        let id = lab.id(SagaId);
        lab.committed(write(&lab, SagaWrite::Insert(NewSaga { kind: of, due: Some(lab.clock.now()), ..new_saga(id) }))).await;
        made.push(id);
    }
    let worker = lab.id(WorkerId::new);
    let known = |kinds: Vec<KindVersion>| async { lab.store.sagas.claim(worker, &{ kinds }, LEASE_MS, 10).await.expect("leased") };
    assert_eq!(known(vec![]).await, []);
    assert_eq!(known(vec![kind("refund", 1), kind("ship", 2)]).await, []);
    assert_eq!(ids(&known(vec![kind("collect", 2)]).await), [made[1]]);
    let mut rest = ids(&known(vec![kind("ship", 1), kind("collect", 1)]).await);
    rest.sort();
    assert_eq!(rest, [made[0], made[2]]);
}

pub async fn a_saga_is_leased_again_only_once_its_lease_has_run_out_on_the_stores_clock(lab: Lab) {
    let id = insert_due(&lab, lab.clock.now()).await;
    let (first, second) = (lab.id(WorkerId::new), lab.id(WorkerId::new));
    assert_eq!(claim(&lab, first, 1).await.len(), 1);
    lab.clock.advance_ms(LEASE_MS - 1);
    assert_eq!(claim(&lab, second, 1).await, []);
    lab.clock.advance_ms(2);
    let taken = claim(&lab, second, 1).await;
    assert_eq!((taken[0].id, taken[0].epoch, taken[0].lease.map(|(worker, _)| worker)), (id, 2, Some(second)));
}

pub async fn a_zombie_worker_writes_nothing(lab: Lab) {
    let id = insert_due(&lab, lab.clock.now()).await;
    let zombie = claim(&lab, lab.id(WorkerId::new), 1).await.remove(0);
    lab.clock.advance_ms(LEASE_MS + 1);
    let living = claim(&lab, lab.id(WorkerId::new), 1).await.remove(0);
    let order = lab.id(OrderId::new);
    let late = lab.order_set(order).saga(update(id, zombie.epoch, zombie.revision)).append(
        crate::ports::StreamName::Order(order),
        crate::ports::Expected::New,
        lab.events(1),
    );
    assert_eq!(lab.rejected(late).await, Rejection::Fenced { saga: id });
    assert_eq!(row(&lab, id).await, living);
    lab.committed(write(&lab, update(id, living.epoch, living.revision))).await;
    assert!(!lab.store.sagas.renew(id, zombie.epoch, LEASE_MS).await.expect("renewed"));
}

pub async fn a_lease_is_prolonged_by_its_holder_alone(lab: Lab) {
    let id = insert_due(&lab, lab.clock.now()).await;
    let worker = lab.id(WorkerId::new);
    claim(&lab, worker, 1).await;
    lab.clock.advance_ms(LEASE_MS - 1);
    assert!(!lab.store.sagas.renew(id, 0, LEASE_MS).await.expect("renewed"));
    assert!(!lab.store.sagas.renew(id, 2, LEASE_MS).await.expect("renewed"));
    assert!(!lab.store.sagas.renew(lab.id(SagaId), 1, LEASE_MS).await.expect("renewed"));
    assert!(lab.store.sagas.renew(id, 1, LEASE_MS).await.expect("renewed"));
    assert_eq!(row(&lab, id).await.lease, Some((worker, lab.clock.now().plus_millis(LEASE_MS))));
    lab.clock.advance_ms(LEASE_MS - 1);
    assert_eq!(claim(&lab, lab.id(WorkerId::new), 1).await, []);
}

pub async fn a_step_that_releases_its_lease_lets_another_worker_go_on(lab: Lab) {
    let id = insert_due(&lab, lab.clock.now()).await;
    claim(&lab, lab.id(WorkerId::new), 1).await;
    let due = Some(lab.clock.now());
    lab.committed(write(&lab, SagaWrite::Update(SagaUpdate { due, ..step(id, 1, 1) }))).await;
    assert_eq!(claim(&lab, lab.id(WorkerId::new), 1).await, []);
    lab.committed(write(&lab, SagaWrite::Update(SagaUpdate { due, release: true, ..step(id, 1, 2) }))).await;
    assert_eq!(row(&lab, id).await.lease, None);
    assert_eq!(claim(&lab, lab.id(WorkerId::new), 1).await[0].epoch, 2);
}

pub async fn only_running_sagas_are_leased(lab: Lab) {
    for phase in SagaPhase::ALL {
        let id = insert_due(&lab, lab.clock.now()).await;
        claim(&lab, lab.id(WorkerId::new), 1).await;
        let due = Some(lab.clock.now());
        lab.committed(write(&lab, SagaWrite::Update(SagaUpdate { phase: *phase, due, release: true, ..step(id, 1, 1) }))).await;
        let expected: &[SagaId] = if *phase == SagaPhase::Running { &[id] } else { &[] };
        assert_eq!(ids(&claim(&lab, lab.id(WorkerId::new), 10).await), expected, "{phase}");
    }
}

pub async fn a_saga_without_a_due_time_runs_once_it_is_woken(lab: Lab) {
    let id = lab.id(SagaId);
    lab.committed(write(&lab, SagaWrite::Insert(new_saga(id)))).await;
    lab.clock.advance_s(1_000_000);
    assert_eq!(claim(&lab, lab.id(WorkerId::new), 1).await, []);
    let due = lab.clock.now();
    lab.committed(write(&lab, SagaWrite::Wake { id, due })).await;
    let leased = claim(&lab, lab.id(WorkerId::new), 1).await;
    assert_eq!((leased[0].id, leased[0].revision, leased[0].epoch, leased[0].due), (id, 2, 1, Some(due)));
}

pub async fn a_wake_makes_a_saga_due_earlier_and_never_later(lab: Lab) {
    let now = lab.clock.now();
    let id = insert_due(&lab, now.plus_secs(100)).await;
    for (wake_s, due_s) in [(200, 100), (50, 50), (70, 50)] {
        lab.committed(write(&lab, SagaWrite::Wake { id, due: now.plus_secs(wake_s) })).await;
        assert_eq!(row(&lab, id).await.due, Some(now.plus_secs(due_s)));
    }
    assert_eq!(row(&lab, id).await.revision, 4);
}

pub async fn a_wake_fences_the_write_of_a_worker_that_decided_to_wait(lab: Lab) {
    let id = insert_due(&lab, lab.clock.now()).await;
    let leased = claim(&lab, lab.id(WorkerId::new), 1).await.remove(0);
    let due = lab.clock.now();
    lab.committed(write(&lab, SagaWrite::Wake { id, due })).await;
    let waits = SagaUpdate { release: true, ..step(id, leased.epoch, leased.revision) };
    assert_eq!(lab.rejected(write(&lab, SagaWrite::Update(waits.clone()))).await, Rejection::Fenced { saga: id });
    // it still has its lease, and decides again by the row as it is now
    let read = row(&lab, id).await;
    assert_eq!((read.epoch, read.revision, read.lease), (leased.epoch, leased.revision + 1, leased.lease));
    lab.committed(write(&lab, SagaWrite::Update(SagaUpdate { revision: read.revision, ..waits }))).await;
}

pub async fn a_wake_leaves_a_saga_alone_that_has_ended_or_is_stuck_or_never_was(lab: Lab) {
    let now = lab.clock.now();
    for phase in [SagaPhase::Stuck, SagaPhase::Done, SagaPhase::Abandoned] {
        let id = insert_due(&lab, now).await;
        claim(&lab, lab.id(WorkerId::new), 1).await;
        lab.committed(write(&lab, SagaWrite::Update(SagaUpdate { phase, release: true, ..step(id, 1, 1) }))).await;
        let before = row(&lab, id).await;
        lab.committed(write(&lab, SagaWrite::Wake { id, due: now })).await;
        assert_eq!(row(&lab, id).await, before);
    }
    let never = lab.id(SagaId);
    lab.committed(write(&lab, SagaWrite::Wake { id: never, due: now })).await;
    assert_eq!(lab.store.sagas.get(&MerchantId::default(), never).await.expect("read"), None);
}

pub async fn a_rejected_set_moves_no_saga(lab: Lab) {
    let id = insert_due(&lab, lab.clock.now()).await;
    let leased = claim(&lab, lab.id(WorkerId::new), 1).await.remove(0);
    let other = lab.id(SagaId);
    let set = write(&lab, update(id, 1, 1)).saga(SagaWrite::Insert(new_saga(other))).moving(lab.hold(&crate::testkit::lab::sku("A"), 1).1);
    lab.rejected(set).await;
    assert_eq!(row(&lab, id).await, leased);
    assert_eq!(lab.store.sagas.get(&MerchantId::default(), other).await.expect("read"), None);
}

pub async fn sagas_are_listed_from_the_newest_by_phase_and_order_and_no_merchant_sees_anothers(lab: Lab) {
    let order = lab.id(OrderId::new);
    let mut made = Vec::new();
    for n in 0..7 {
        let id = lab.id(SagaId);
        let of = if n < 3 { Some(order) } else { None };
        lab.committed(write(&lab, SagaWrite::Insert(NewSaga { order: of, due: Some(lab.clock.now()), ..new_saga(id) }))).await;
        lab.clock.advance_ms(1);
        made.insert(0, id);
    }
    let stuck = claim(&lab, lab.id(WorkerId::new), 1).await.remove(0);
    lab.committed(write(&lab, SagaWrite::Update(SagaUpdate { phase: SagaPhase::Stuck, ..step(stuck.id, 1, 1) }))).await;
    let theirs = lab.id(SagaId);
    let set = lab.set_of(&merchant("other"), Root::Order(lab.id(OrderId::new)));
    lab.committed(set.saga(SagaWrite::Insert(new_saga(theirs)))).await;

    let list = async |merchant: MerchantId, phase, order| {
        let query = SagaQuery { merchant, phase, order };
        ids(&walk(2, async |after, limit| lab.store.sagas.list(&query, after, limit).await).await)
    };
    let default = MerchantId::default;
    assert_eq!(list(default(), None, None).await, made);
    assert_eq!(list(default(), None, Some(order)).await, made[4..]);
    assert_eq!(list(default(), Some(SagaPhase::Stuck), None).await, [stuck.id]);
    assert_eq!(list(default(), Some(SagaPhase::Done), None).await, []);
    assert_eq!(list(merchant("other"), None, None).await, [theirs]);
}

pub async fn a_saga_that_is_woken_several_times_in_one_set_is_due_at_the_earliest(lab: Lab) {
    let (id, now) = (insert_due(&lab, lab.clock.now().plus_secs(100)).await, lab.clock.now());
    let wake = |secs| SagaWrite::Wake { id, due: now.plus_secs(secs) };
    lab.committed(lab.any_set().saga(wake(30)).saga(wake(10)).saga(wake(20))).await;
    let found = row(&lab, id).await;
    assert_eq!(found.due, Some(now.plus_secs(10)));
    assert!(found.revision > 1);
}

pub async fn no_merchant_moves_anothers_saga(lab: Lab) {
    let id = insert_due(&lab, lab.clock.now()).await;
    let leased = claim(&lab, lab.id(WorkerId::new), 1).await.remove(0);
    let theirs = || lab.set_of(&merchant("other"), Root::Order(lab.id(OrderId::new)));
    assert_eq!(lab.rejected(theirs().saga(update(id, 1, 1))).await, Rejection::Fenced { saga: id });
    lab.committed(theirs().saga(SagaWrite::Wake { id, due: lab.clock.now() })).await;
    assert_eq!(row(&lab, id).await, leased);
}
