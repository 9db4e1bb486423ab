//! The cards, as the trainer reports them.

use super::{Figure, whole};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use proto::training::GpuReading;

#[derive(Default)]
pub(super) struct Gpu {
    used: Family<Card, Gauge>,
    total: Family<Card, Gauge>,
    utilisation: Family<Card, Figure>,
    power: Family<Card, Figure>,
    temperature: Family<Card, Gauge>,
    ecc: Family<Card, Gauge>,
    xid: Family<Fault, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Card {
    gpu: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Fault {
    gpu: u32,
    xid: u32,
}

impl Gpu {
    pub(super) fn register(&self, all: &mut Registry) {
        all.register_with_unit(
            "gpu_memory_used",
            "Memory in use",
            Unit::Bytes,
            self.used.clone(),
        );
        all.register_with_unit(
            "gpu_memory_total",
            "Memory there is",
            Unit::Bytes,
            self.total.clone(),
        );
        all.register(
            "gpu_utilisation_ratio",
            "Share of time it was busy",
            self.utilisation.clone(),
        );
        all.register("gpu_power_watts", "Power drawn", self.power.clone());
        all.register(
            "gpu_temperature_celsius",
            "Temperature",
            self.temperature.clone(),
        );
        all.register(
            "gpu_ecc_errors",
            "Uncorrected memory errors",
            self.ecc.clone(),
        );
        all.register(
            "gpu_xid_errors",
            "Faults the driver reported",
            self.xid.clone(),
        );
    }

    pub(super) fn read(&self, reading: &GpuReading) {
        let card = Card {
            gpu: reading.ordinal,
        };
        self.used
            .get_or_create(&card)
            .set(whole(reading.memory_used_bytes));
        self.total
            .get_or_create(&card)
            .set(whole(reading.memory_total_bytes));
        self.utilisation
            .get_or_create(&card)
            .set(f64::from(reading.utilisation_pct) / 100.0);
        self.power
            .get_or_create(&card)
            .set(f64::from(reading.power_milliwatts) / 1_000.0);
        self.temperature
            .get_or_create(&card)
            .set(reading.temperature_celsius.into());
        self.ecc.get_or_create(&card).set(whole(reading.ecc_errors));
        if let Some(xid) = reading.xid {
            let gpu = reading.ordinal;
            self.xid.get_or_create(&Fault { gpu, xid }).inc();
        }
    }
}
