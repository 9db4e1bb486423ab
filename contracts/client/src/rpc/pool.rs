//! All URLs together: whoever is well answers.

use super::endpoint::{Endpoint, UrlHealth};
use super::fault::{Fault, RpcError};
use super::line::Line;
use super::post;
use crate::config::{Config, ConfigError};
use std::sync::Arc;

/// Several URLs of one chain, in the operator's order of preference.
pub(crate) struct Pool {
    lines: Vec<Line>,
    chain_id: u64,
}

impl Pool {
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        if config.urls.is_empty() {
            return Err(ConfigError::NoUrl);
        }
        let client = post::client().map_err(ConfigError::Tls)?;
        let lines = config.urls.iter().map(|url| {
            let url = url.parse().map_err(|_syntax| ConfigError::BadUrl)?;
            let endpoint = Arc::new(Endpoint::new(url, config.budget));
            Ok(Line::new(client.clone(), endpoint, config.timing.request))
        });
        Ok(Self {
            lines: lines.collect::<Result<_, ConfigError>>()?,
            chain_id: config.chain_id,
        })
    }

    pub(crate) fn health(&self) -> Vec<UrlHealth> {
        self.lines
            .iter()
            .map(|line| line.endpoint().health())
            .collect()
    }

    /// Asks on one line after the other until one gives an answer.
    pub(crate) async fn with<T, Asked>(
        &self,
        ask: impl Fn(Line) -> Asked + Send + Sync,
    ) -> Result<T, RpcError>
    where
        Asked: Future<Output = Result<T, Fault>> + Send,
    {
        let mut last = None;
        for line in self.by_health() {
            match self.on(&line, &ask).await {
                Ok(answer) => return Ok(answer),
                Err(Fault::Reverted(data)) => return Err(RpcError::Reverted(data)),
                Err(fault) => last = Some((line.endpoint().shown(), fault)),
            }
        }
        let (url, fault) = last.expect("there is at least one url");
        Err(RpcError::Nobody { url, fault })
    }

    /// Asks on the other lines that are well until one gives an answer; nothing, if none does.
    pub(crate) async fn with_other_than<T, Asked>(
        &self,
        known: &str,
        ask: impl Fn(Line) -> Asked + Send + Sync,
    ) -> Option<T>
    where
        Asked: Future<Output = Result<T, Fault>> + Send,
    {
        let now = tokio::time::Instant::now();
        for line in &self.lines {
            let endpoint = line.endpoint();
            if endpoint.shown() == known || endpoint.rests_until(now) > now {
                continue;
            }
            if let Ok(answer) = self.on(line, &ask).await {
                return Some(answer);
            }
        }
        None
    }

    /// Tells every URL that is well, whatever each of them answers.
    pub(crate) async fn tell<T, Asked>(&self, ask: impl Fn(Line) -> Asked + Send + Sync)
    where
        Asked: Future<Output = Result<T, Fault>> + Send,
    {
        for line in self.by_health() {
            if let Err(fault) = self.on(&line, &ask).await {
                tracing::debug!(url = line.endpoint().shown(), %fault, "a url did not take what it was told");
            }
        }
    }

    async fn on<T, Asked>(
        &self,
        line: &Line,
        ask: &(impl Fn(Line) -> Asked + Sync),
    ) -> Result<T, Fault>
    where
        Asked: Future<Output = Result<T, Fault>> + Send,
    {
        let answer = match self.check_chain(line).await {
            Ok(()) => ask(line.clone()).await,
            Err(fault) => Err(fault),
        };
        match &answer {
            Ok(_) | Err(Fault::Reverted(_)) => line.endpoint().behaved(),
            Err(fault) => line.endpoint().failed(fault),
        }
        answer
    }

    async fn check_chain(&self, line: &Line) -> Result<(), Fault> {
        if line.endpoint().chain_known() {
            return Ok(());
        }
        let expected = self.chain_id;
        let found = line.chain_id().await?;
        if found != expected {
            return Err(Fault::WrongChain { expected, found });
        }
        line.endpoint().know_chain();
        Ok(())
    }

    /// Those that are well, in the operator's order; if none is, all, the least ill first.
    fn by_health(&self) -> Vec<Line> {
        let now = tokio::time::Instant::now();
        let well = |line: &&Line| line.endpoint().rests_until(now) <= now;
        let usable: Vec<_> = self.lines.iter().filter(well).cloned().collect();
        if !usable.is_empty() {
            return usable;
        }
        let mut all = self.lines.clone();
        all.sort_by_key(|line| line.endpoint().rests_until(now));
        all
    }
}
