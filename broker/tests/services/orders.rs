//! Orders at the desk: taken once, refused at once, told of, withdrawn.

use crate::customer::{Customer, RECIPE};
use crate::house::{DEADLINE, House, until};
use crate::node::{Line, Node};
use broker::job::{Ending, Stage};
use proto::broker::{
    EstimateReply, EstimateRequest, ListReply, ListRequest, NodesReply, NodesRequest, Page,
    RequestKind, SubmitReply, SubmitRequest,
};
use proto::grpc::call_error;
use proto::node::{CancelRequest, GetRequest, LogsRequest, WatchRequest};
use proto::task::{Outcome, Phase, TaskEvent, TaskEventKind, TaskStatus};
use proto::{
    Action, Blob, CallError, Provider, Reason, Scope, Signature, SignedPermit, Submission, TaskId,
    Tier, Wei, wire,
};

async fn submit(house: &House, submission: Submission) -> SubmitReply {
    let asked = SubmitRequest { submission };
    let reply = house
        .client()
        .submit(wire::SubmitRequest::from(asked))
        .await;
    reply.unwrap().into_inner().try_into().unwrap()
}

pub(crate) async fn taken(house: &House, submission: Submission) -> TaskId {
    match submit(house, submission).await {
        SubmitReply::Taken(status) => status.task,
        SubmitReply::Refused(refusal) => panic!("refused: {refusal}"),
    }
}

async fn refused(house: &House, submission: Submission) -> Reason {
    match submit(house, submission).await {
        SubmitReply::Taken(status) => panic!("taken: {status:?}"),
        SubmitReply::Refused(refusal) => refusal.reason,
    }
}

async fn status(house: &House, customer: &Customer, task: TaskId) -> TaskStatus {
    let permit = customer.may(Action::Read, task);
    get(house, task, permit).await.unwrap()
}

async fn get(
    house: &House,
    task: TaskId,
    permit: Option<SignedPermit>,
) -> Result<TaskStatus, CallError> {
    let asked = wire::GetRequest::from(GetRequest { task, permit });
    let told = house.client().get(asked).await;
    let told = told.map_err(|status| call_error(&status).unwrap())?;
    Ok(told.into_inner().try_into().unwrap())
}

async fn cancel(
    house: &House,
    task: TaskId,
    permit: Option<SignedPermit>,
) -> Result<TaskStatus, CallError> {
    let asked = wire::CancelRequest::from(CancelRequest { task, permit });
    let told = house.client().cancel(asked).await;
    let told = told.map_err(|status| call_error(&status).unwrap())?;
    Ok(told.into_inner().try_into().unwrap())
}

pub(crate) async fn joined(house: &House, number: u8) -> Line {
    let line = Node::number(number).join(house.client()).await;
    line.unwrap_or_else(|dismissal| panic!("dismissed: {dismissal:?}"))
}

async fn stage(house: &House, task: TaskId) -> Stage {
    let kept = house.books.store.job(task).await.unwrap().unwrap();
    kept.job.stage
}

#[tokio::test]
async fn the_same_order_again_is_the_same_task() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let submission = customer.signed(customer.order(1, DEADLINE));

    let first = taken(&house, submission.clone()).await;
    let second = taken(&house, submission).await;

    assert_eq!(first, second);
    assert_eq!(status(&house, &customer, first).await.phase, Phase::Offered);
}

#[tokio::test]
async fn a_wrong_order_is_refused_at_once_with_the_nodes_code() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let _node = joined(&house, 7).await;
    let good = || customer.order(1, DEADLINE);
    let with = |change: &dyn Fn(&mut proto::Order)| {
        let mut order = good();
        change(&mut order);
        customer.signed(order)
    };
    let mut unsigned = customer.signed(good());
    unsigned.order.signature = Signature::try_from([1; 65].as_slice()).unwrap();
    let mut other_recipe = customer.signed(good());
    other_recipe.recipe = Blob::new(b"{}".to_vec()).unwrap();

    for (submission, reason) in [
        (unsigned, Reason::SignatureInvalid),
        (with(&|order| order.chain_id = 1), Reason::WrongChain),
        (other_recipe, Reason::RecipeInvalid),
        (
            with(&|order| order.base_model = proto::Root([9; 32])),
            Reason::ModelNotOffered,
        ),
        (
            with(&|order| order.tier = Tier::CpuAndGpu),
            Reason::TierNotMet,
        ),
        (
            with(&|order| order.deadline = house.now()),
            Reason::DeadlinePassed,
        ),
        (
            with(&|order| order.deadline = house.now() + 2),
            Reason::DeadlineTooTight,
        ),
        (
            with(&|order| order.provider = Provider::Only(proto::Address::repeat_byte(9))),
            Reason::NoNode,
        ),
        (
            with(&|order| order.penalty_bps = 10_001),
            Reason::TermsNotAccepted,
        ),
    ] {
        assert_eq!(refused(&house, submission).await, reason);
    }
    taken(&house, customer.signed(good())).await;
}

#[tokio::test]
async fn a_customer_has_no_more_open_orders_than_one_may() {
    let (house, customer) = (House::open().await, Customer::number(1));
    for nonce in 0..4 {
        taken(&house, customer.signed(customer.order(nonce, DEADLINE))).await;
    }

    let one_more = customer.signed(customer.order(4, DEADLINE));
    assert_eq!(
        refused(&house, one_more.clone()).await,
        Reason::CustomerQuota
    );

    let first = customer.order(0, DEADLINE).id();
    let withdrawn = cancel(&house, first, customer.may(Action::Cancel, first)).await;
    assert_eq!(withdrawn.unwrap().phase, Phase::Closed(Outcome::Withdrawn));
    taken(&house, one_more).await;
}

#[tokio::test]
async fn only_the_customers_permit_shows_or_cancels_a_task() {
    let (house, customer, other) = (
        House::open().await,
        Customer::number(1),
        Customer::number(2),
    );
    let task = taken(&house, customer.signed(customer.order(1, DEADLINE))).await;
    let old = customer.permit(Action::Read, Scope::AllTasks, house.now());
    let elsewhere = customer.may(Action::Read, TaskId([9; 32]));

    for (permit, error) in [
        (None, CallError::PermitMissing),
        (other.may(Action::Read, task), CallError::PermitInsufficient),
        (
            customer.may(Action::Upload, task),
            CallError::PermitInsufficient,
        ),
        (elsewhere, CallError::PermitInsufficient),
        (Some(old), CallError::PermitExpired),
    ] {
        assert_eq!(get(&house, task, permit).await, Err(error));
    }
    let read = customer.may(Action::Read, task);
    let cancelled = cancel(&house, task, read).await;
    assert_eq!(cancelled, Err(CallError::PermitInsufficient));
    let unknown = TaskId([9; 32]);
    let asked = get(&house, unknown, customer.may(Action::Read, unknown)).await;
    assert_eq!(asked, Err(CallError::TaskUnknown));
}

#[tokio::test]
async fn an_order_goes_to_a_node_and_its_story_to_who_watches() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let mut line = joined(&house, 7).await;
    let task = taken(&house, customer.signed(customer.order(1, DEADLINE))).await;
    let watch = WatchRequest {
        task,
        permit: customer.may(Action::Read, task),
        after_sequence: 0,
    };
    let watched = house.client().watch(wire::WatchRequest::from(watch)).await;
    let mut watched = watched.unwrap().into_inner();

    assert_eq!(house.round().await, 1);
    assert_eq!(line.take().await, task);
    line.tell(task, Phase::Accepted).await;
    line.tell(task, Phase::Closed(Outcome::Paid)).await;

    let mut phases = Vec::new();
    while let Some(event) = watched.message().await.unwrap() {
        let event = TaskEvent::try_from(event).unwrap();
        assert_eq!(event.sequence, u64::try_from(phases.len()).unwrap() + 1);
        let TaskEventKind::Phase(phase) = event.kind else {
            panic!("nothing else was told");
        };
        phases.push(phase);
    }
    assert_eq!(
        phases,
        [
            Phase::Promised,
            Phase::Accepted,
            Phase::Closed(Outcome::Paid)
        ]
    );
    let provider = status(&house, &customer, task).await.provider;
    assert_eq!(provider, Some(line.node.provider));
    assert_eq!(stage(&house, task).await, Stage::Ended(Ending::Paid));
}

#[tokio::test]
async fn who_watches_goes_on_where_she_stopped() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let mut line = joined(&house, 7).await;
    let task = taken(&house, customer.signed(customer.order(1, DEADLINE))).await;
    house.round().await;
    line.take().await;
    line.tell(task, Phase::Accepted).await;
    until("the node's word is written", async || {
        status(&house, &customer, task).await.sequence == 2
    })
    .await;

    let watch = WatchRequest {
        task,
        permit: customer.may(Action::Read, task),
        after_sequence: 1,
    };
    let watched = house.client().watch(wire::WatchRequest::from(watch)).await;
    let event = watched.unwrap().into_inner().message().await.unwrap();

    let event = TaskEvent::try_from(event.unwrap()).unwrap();
    assert_eq!(event.kind, TaskEventKind::Phase(Phase::Accepted));
}

#[tokio::test]
async fn a_refused_order_goes_to_another_node() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let (mut first, mut second) = (joined(&house, 7).await, joined(&house, 8).await);
    let task = taken(&house, customer.signed(customer.order(1, DEADLINE))).await;

    house.round().await;
    let holder = house.books.store.job(task).await.unwrap().unwrap();
    let (had, has) = if holder.job.holder() == Some(first.node.provider) {
        (&mut first, &mut second)
    } else {
        (&mut second, &mut first)
    };
    had.refuse(Reason::Draining).await;
    until("the order waits again", async || {
        stage(&house, task).await == Stage::Waiting
    })
    .await;
    house.round().await;

    assert_eq!(has.take().await, task);
}

#[tokio::test]
async fn what_every_node_would_refuse_ends_the_order() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let mut line = joined(&house, 7).await;
    let task = taken(&house, customer.signed(customer.order(1, DEADLINE))).await;
    house.round().await;

    line.refuse(Reason::NonceUsed).await;

    until("the order has ended", async || {
        stage(&house, task).await == Stage::Ended(Ending::Unpaid(Reason::NonceUsed))
    })
    .await;
    let phase = status(&house, &customer, task).await.phase;
    assert_eq!(
        phase,
        Phase::Closed(Outcome::Refused(Reason::NonceUsed.into()))
    );
}

#[tokio::test]
async fn a_node_that_does_not_answer_in_time_loses_the_order() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let mut silent = joined(&house, 7).await;
    let task = taken(&house, customer.signed(customer.order(1, DEADLINE))).await;
    house.round().await;
    silent.asked().await;
    house.pass(20);
    silent.beat().await;
    house.pass(10);
    let mut other = joined(&house, 8).await;

    house.round().await;
    house.round().await;

    assert_eq!(other.take().await, task);
}

#[tokio::test]
async fn a_node_that_said_yes_and_does_not_start_loses_the_order() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let mut slow = joined(&house, 7).await;
    let task = taken(&house, customer.signed(customer.order(1, DEADLINE))).await;
    house.round().await;
    slow.take().await;
    until("the node has it", async || {
        matches!(stage(&house, task).await, Stage::Taken { .. })
    })
    .await;
    house.pass(600);
    let mut other = joined(&house, 8).await;

    house.round().await;
    house.round().await;

    assert_eq!(other.take().await, task);
}

#[tokio::test]
async fn an_order_nobody_takes_expires() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let task = taken(&house, customer.signed(customer.order(1, DEADLINE))).await;
    house.pass(DEADLINE);

    house.round().await;

    assert_eq!(stage(&house, task).await, Stage::Ended(Ending::Expired));
    let phase = status(&house, &customer, task).await.phase;
    assert_eq!(
        phase,
        Phase::Closed(Outcome::Refused(Reason::NoNode.into()))
    );
}

#[tokio::test]
async fn a_withdrawal_is_passed_on_to_the_node_that_has_the_order() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let mut line = joined(&house, 7).await;
    let task = taken(&house, customer.signed(customer.order(1, DEADLINE))).await;
    house.round().await;
    line.take().await;
    until("the node has it", async || {
        matches!(stage(&house, task).await, Stage::Taken { .. })
    })
    .await;

    let permit = customer.may(Action::Cancel, task);
    let told = cancel(&house, task, permit).await.unwrap();
    assert_eq!(told.phase, Phase::Promised);
    let request = line.asked().await;
    let RequestKind::Cancel(passed_on) = request.kind else {
        panic!("no withdrawal, but {:?}", request.kind);
    };
    assert_eq!(passed_on, CancelRequest { task, permit });
    let withdrawn = Phase::Closed(Outcome::Withdrawn);
    line.answer_status(request.id, task, withdrawn).await;

    until("the order has ended", async || {
        stage(&house, task).await == Stage::Ended(Ending::Withdrawn)
    })
    .await;
    let again = cancel(&house, task, permit).await.unwrap();
    assert_eq!(again.phase, Phase::Closed(Outcome::Withdrawn));
}

#[tokio::test]
async fn a_log_is_read_through_the_nodes_session() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let mut line = joined(&house, 7).await;
    let task = taken(&house, customer.signed(customer.order(1, DEADLINE))).await;
    house.round().await;
    line.take().await;
    until("the node has it", async || {
        status(&house, &customer, task).await.provider.is_some()
    })
    .await;
    let asked = LogsRequest {
        task,
        permit: customer.may(Action::Read, task),
        after_sequence: 0,
        follow: false,
    };

    let mut log = house
        .client()
        .logs(wire::LogsRequest::from(asked))
        .await
        .unwrap()
        .into_inner();
    let request = line.asked().await;
    line.answer_log(request.id, "step 1").await;

    let lines = log.message().await.unwrap().unwrap();
    assert_eq!(lines.lines[0].text, "step 1");
    assert!(log.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_customer_lists_her_own_orders_in_pages() {
    let (house, customer, other) = (
        House::open().await,
        Customer::number(1),
        Customer::number(2),
    );
    for nonce in 0..3 {
        taken(&house, customer.signed(customer.order(nonce, DEADLINE))).await;
    }
    taken(&house, other.signed(other.order(0, DEADLINE))).await;

    let (mut page, mut listed) = (Page::new(Vec::new()).unwrap(), Vec::new());
    loop {
        let asked = ListRequest {
            permit: customer.permit(Action::Read, Scope::AllTasks, u64::MAX),
            page,
            count: 2.try_into().unwrap(),
        };
        let reply = house.client().list(wire::ListRequest::from(asked)).await;
        let reply = ListReply::try_from(reply.unwrap().into_inner()).unwrap();
        listed.extend(reply.tasks.into_iter().map(|status| status.task));
        page = reply.next_page;
        if page.is_empty() {
            break;
        }
    }

    let mut hers: Vec<_> = (0..3)
        .map(|nonce| customer.order(nonce, DEADLINE).id())
        .collect();
    hers.sort();
    assert_eq!(listed, hers);
}

#[tokio::test]
async fn nodes_are_listed_as_they_were_judged() {
    let house = House::open().await;
    let line = joined(&house, 7).await;
    let asked = |tier_min| NodesRequest {
        base_model: None,
        tier_min,
        page: Page::new(Vec::new()).unwrap(),
        count: 10.try_into().unwrap(),
    };

    let nodes = house
        .client()
        .nodes(wire::NodesRequest::from(asked(Tier::Cpu)))
        .await;
    let nodes = NodesReply::try_from(nodes.unwrap().into_inner())
        .unwrap()
        .nodes;
    let better = asked(Tier::CpuAndGpu);
    let better = house.client().nodes(wire::NodesRequest::from(better)).await;

    assert_eq!(nodes.len(), 1);
    assert_eq!(nodes[0].offer.provider, line.node.provider);
    assert_eq!(&*nodes[0].judgement.trust_domain, "amd");
    assert!(better.unwrap().into_inner().nodes.is_empty());
}

#[tokio::test]
async fn an_estimate_is_what_a_node_charges_for_the_tokens() {
    let house = House::open().await;
    let mut node = Node::number(7);
    node.price = 2_000_000;
    let _line = node.join(house.client()).await.unwrap();
    let asked = EstimateRequest {
        base_model: crate::customer::MODEL,
        recipe: Blob::new(RECIPE.to_vec()).unwrap(),
        dataset_tokens: 1,
        dataset_bytes: 1,
        tier: Tier::Cpu,
        provider: Provider::Any,
    };

    let reply = house
        .client()
        .estimate(wire::EstimateRequest::from(asked))
        .await;

    let reply = EstimateReply::try_from(reply.unwrap().into_inner()).unwrap();
    // Ten steps of four rows of 128 tokens, two wei each, a thousand a second.
    assert_eq!(reply.quotes[0].trained_tokens, 5_120);
    assert_eq!(reply.quotes[0].fee, Wei::from(10_240));
    assert_eq!(reply.quotes[0].takes_secs, 6);
}
