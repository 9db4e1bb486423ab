//! `[broker]`: who hands orders to a node that nobody can call.

use super::reader::Section;
use broker_client::BrokerUrl;

pub(super) fn read(section: &mut Section) -> Vec<BrokerUrl> {
    let mut urls: Vec<BrokerUrl> = Vec::new();
    for url in section.list("urls", "http:// or https:// urls of hosts, without a path") {
        if urls.contains(&url) {
            section.complain("urls", format!("names {url} twice"));
        }
        urls.push(url);
    }
    urls
}
