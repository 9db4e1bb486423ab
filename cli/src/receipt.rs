//! The receipt: every digest and signature of one task, checkable by whoever holds it.
//!
//! What a receipt proves needs no network: the customer signed this order; a machine that a policy
//! takes held this key when the data was sealed to it; that key signed this result. What it only
//! says is what moved on chain: the hashes of the transactions are there to be looked up.

use crate::home::{Machine, Record};
use crate::judge::{Demand, signer_address};
use crate::trouble::Trouble;
use attestation::{At, Bundle};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::{Digest, RecipeDigest, Root, Signature, SignedOrder, TaskId, Wei};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub const FORMAT: &str = "sealtune receipt 1";

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    pub format: String,
    pub task: TaskId,
    pub signed: SignedOrder,
    /// The recipe's canonical JSON.
    pub recipe: String,
    pub machine: Machine,
    /// The machine's bundle: an archive, in base64.
    pub evidence: String,
    /// What was demanded of it.
    pub policy: String,
    pub result: Option<Delivered>,
    /// What was done on chain, and the hash of each transaction.
    pub transactions: Vec<(String, String)>,
}

/// A result that was fetched, checked and opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivered {
    pub root: Root,
    /// keccak256 over the tags of all chunks: what the machine signed.
    pub tags: Digest,
    pub signature: Signature,
    pub fee: Option<Wei>,
    /// SHA-256 of each file of the adapter.
    pub files: BTreeMap<String, Digest>,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub what: &'static str,
    /// Why not, where it does not hold.
    pub fault: Option<String>,
}

impl Receipt {
    pub fn of(record: &Record, result: Option<Delivered>) -> Self {
        Self {
            format: FORMAT.into(),
            task: record.task(),
            signed: record.signed.clone(),
            recipe: record.recipe.clone(),
            machine: record.machine.clone(),
            evidence: record.evidence.clone(),
            policy: record.policy.clone(),
            result,
            transactions: record.transactions.clone(),
        }
    }

    /// Checks all that can be checked without a network, each by itself.
    pub fn check(&self, demand: &Demand, adapter: Option<&Path>) -> Vec<Check> {
        let mut checks = vec![
            check("it is a receipt of this version", self.is_of_this_version()),
            check("the customer signed the order", self.is_signed()),
            check("the task is the order's digest", self.names_the_task()),
            check("the recipe is the one in the order", self.has_its_recipe()),
            check(
                "the machine's evidence passed the policy when the order was made",
                self.machine_passes(demand),
            ),
        ];
        if let Some(result) = &self.result {
            checks.push(check(
                "the machine signed the result",
                self.machine_signed(result),
            ));
            checks.push(check(
                "the fee is within the order's",
                self.fee_fits(result),
            ));
        }
        if let Some(folder) = adapter {
            checks.push(check(
                "the adapter's files are the result's",
                self.is_adapter(folder),
            ));
        }
        checks
    }

    fn is_of_this_version(&self) -> Result<(), String> {
        must(self.format == FORMAT, || {
            format!("it calls itself {:?}", self.format)
        })
    }

    fn is_signed(&self) -> Result<(), String> {
        let verified = self.signed.verify();
        verified.map(|_task| ()).map_err(|why| why.to_string())
    }

    fn names_the_task(&self) -> Result<(), String> {
        let id = self.signed.order.id();
        must(id == self.task, || format!("the order's digest is {id}"))
    }

    fn has_its_recipe(&self) -> Result<(), String> {
        let digest = RecipeDigest(recipe::digest::sha256(self.recipe.as_bytes()).0);
        let same = digest == self.signed.order.recipe;
        must(same, || format!("its digest is {digest}"))
    }

    fn machine_passes(&self, demand: &Demand) -> Result<(), String> {
        let archive = STANDARD
            .decode(&self.evidence)
            .map_err(|why| why.to_string())?;
        let bundle = Bundle::from_archive(&archive).map_err(|why| why.to_string())?;
        let at = At(self.machine.judged_at);
        let (attested, _words) = demand.judge(&bundle, at).map_err(|why| why.to_string())?;
        let bound = attested.bound().ok_or("the evidence names no key")?;
        let signer = signer_address(&bound.signer).ok_or("the evidence names no key")?;
        let same = signer == self.machine.signer;
        must(same, || {
            format!(
                "the evidence is of {signer}, not of {}",
                self.machine.signer
            )
        })
    }

    fn machine_signed(&self, result: &Delivered) -> Result<(), String> {
        let signer = result
            .signature
            .signer(&result.tags.0)
            .map_err(|why| why.to_string())?;
        let same = signer == self.machine.signer;
        must(same, || {
            format!(
                "{signer} signed it, not the machine {}",
                self.machine.signer
            )
        })
    }

    fn fee_fits(&self, result: &Delivered) -> Result<(), String> {
        let most = self.signed.order.fee_max;
        match result.fee {
            Some(fee) => must(fee <= most, || format!("{fee} were paid of at most {most}")),
            None => Err("the receipt does not say what was paid".into()),
        }
    }

    fn is_adapter(&self, folder: &Path) -> Result<(), String> {
        let result = self.result.as_ref().ok_or("there is no result in it")?;
        let found = digests(folder).map_err(|why| why.to_string())?;
        for (name, digest) in &result.files {
            let same = found.get(name) == Some(digest);
            must(same, || format!("{name} is missing or another file"))?;
        }
        Ok(())
    }
}

/// SHA-256 of every file in a folder and below it, by name.
pub fn digests(folder: &Path) -> Result<BTreeMap<String, Digest>, Trouble> {
    let mut found = BTreeMap::new();
    collect(folder, "", &mut found)?;
    Ok(found)
}

fn collect(
    folder: &Path,
    prefix: &str,
    found: &mut BTreeMap<String, Digest>,
) -> Result<(), Trouble> {
    let cannot = |error: std::io::Error| crate::home::cannot("read", folder, &error);
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(cannot)?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), found)?;
        } else {
            let bytes = fs::read(entry.path()).map_err(cannot)?;
            found.insert(name, recipe::digest::sha256(&bytes));
        }
    }
    Ok(())
}

fn check(what: &'static str, outcome: Result<(), String>) -> Check {
    Check {
        what,
        fault: outcome.err(),
    }
}

fn must(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}
