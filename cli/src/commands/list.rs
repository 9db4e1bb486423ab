//! `ft list`: her orders and how they stand.

use crate::amount::{in_0g, shown};
use crate::answer::{Answer, table};
use crate::args::List;
use crate::bank::{self, standing};
use crate::context::Context;
use crate::home::standing_words;
use crate::trouble::Trouble;
use chain::Standing;
use serde_json::{Value, json};

pub(super) async fn run(context: &Context, args: &List) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let reader = bank::reader(&config).await?;
    let (mut rows, mut json) = (Vec::new(), Vec::new());
    for record in home.records()? {
        let now = standing(&reader, &record.signed.order, record.provider()).await?;
        if !args.all && now.is_some_and(is_over) {
            continue;
        }
        let words = standing_words(now);
        rows.push([
            record.task().to_string(),
            record.name.clone(),
            words.clone(),
            in_0g(record.fee_max()),
            next(now, &record.task().to_string()),
        ]);
        json.push(json!({
            "task": record.task(), "name": record.name, "standing": words,
            "provider": record.provider(), "fee_max": shown(record.fee_max()),
            "fee_max_wei": record.fee_max().0.to_string(), "deadline": record.signed.order.deadline,
        }));
    }
    let text = match rows.as_slice() {
        [] => "no open orders".to_owned(),
        rows => table(["task", "recipe", "stands", "at most 0G", "next"], rows),
    };
    Ok(Answer::new(text, Value::Array(json)))
}

pub(super) const fn is_over(standing: Standing) -> bool {
    matches!(
        standing,
        Standing::Settled | Standing::Released(_) | Standing::Withdrawn
    )
}

/// What to type, with enough of the id to be found by.
fn next(standing: Option<Standing>, task: &str) -> String {
    let short = task.get(..10).unwrap_or(task);
    match standing {
        None => format!("ft resend {short}"),
        Some(Standing::Open | Standing::Accepted) => format!("ft watch {short}"),
        Some(Standing::Delivered { .. } | Standing::Acknowledged { .. } | Standing::Settled) => {
            format!("ft get {short}")
        }
        Some(Standing::Released(_) | Standing::Withdrawn) => String::new(),
    }
}
