//! Heartbeats: under which fence the node is there, and how it stands.

use super::talk::Line;
use proto::broker::{Heartbeat, NodeMessage, Welcome};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// A broker may not ask for more than this.
const SECS_MOST: u32 = 3_600;

/// Ends when nobody hears it.
pub(super) async fn beat(line: &Line, welcome: &Welcome) {
    let secs = welcome.heartbeat_secs.clamp(1, SECS_MOST);
    let mut ticks = interval(Duration::from_secs(secs.into()));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for beat in 1.. {
        ticks.tick().await;
        // A conductor that is too busy to be asked is heard of with the next beat.
        let Ok(status) = line.broker.clerk.node_status().await else {
            continue;
        };
        let heartbeat = Heartbeat {
            fence: welcome.fence,
            beat,
            status,
        };
        let said = line.voice.say(NodeMessage::Heartbeat(heartbeat)).await;
        if said.is_err() {
            return;
        }
    }
}
