//! Latency for every packet between two namespaces, without kernel support for it.
//!
//! A TUN device in each namespace, and between them a forwarder that holds every packet for a fixed time. TCP
//! handshakes are delayed like everything else, which a relay of connections could not do. Order is kept; a full
//! queue drops, as a router does.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};
use tun_rs::{DeviceBuilder, SyncDevice};

/// One end of the link: a namespace (the path of its handle) and the name of the device to make there.
#[derive(Debug, Clone)]
pub struct End {
    /// As `Namespace::handle` gives it.
    pub namespace: std::path::PathBuf,
    /// At most 15 bytes.
    pub device: String,
}

/// An address that is nearer than the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nearer {
    /// The address.
    pub address: Ipv4Addr,
    /// How long a packet from or to it is held.
    pub one_way: Duration,
}

/// A link that is up: both devices exist until this value is gone and the process has ended.
#[derive(Debug)]
pub struct Link {
    directions: Vec<thread::JoinHandle<()>>,
}

impl Link {
    /// Makes both devices, without addresses, and starts forwarding with `one_way` of delay in each direction, or with
    /// what `nearer` says of an address at either end of a packet.
    ///
    /// # Errors
    /// When a namespace cannot be entered or a device not be made there.
    pub fn up(near: &End, far: &End, one_way: Duration, nearer: &[Nearer]) -> Result<Self> {
        let near = Arc::new(device(near)?);
        let far = Arc::new(device(far)?);
        let mut directions = Vec::new();
        for (from, to) in [(Arc::clone(&near), Arc::clone(&far)), (far, near)] {
            // A line for each delay: what is due soon does not wait behind what is due later.
            let mut lanes = Vec::new();
            for one_way in std::iter::once(one_way).chain(nearer.iter().map(|nearer| nearer.one_way)) {
                let (queue, due) = sync_channel(QUEUE);
                lanes.push(Lane { queue, one_way });
                let to = Arc::clone(&to);
                directions.push(thread::spawn(move || send(&due, &to)));
            }
            let addresses: Vec<Ipv4Addr> = nearer.iter().map(|nearer| nearer.address).collect();
            directions.push(thread::spawn(move || receive(&from, &lanes, &addresses)));
        }
        Ok(Self { directions })
    }

    /// Forwards until the process is ended or both devices are gone.
    pub fn run(self) {
        for direction in self.directions {
            let _ = direction.join();
        }
    }
}

struct Lane {
    queue: SyncSender<Packet>,
    one_way: Duration,
}

struct Packet {
    due: Instant,
    bytes: Box<[u8]>,
}

/// A thread of its own makes the device: `setns` moves a thread, and the rest of the process stays where it was.
fn device(end: &End) -> Result<SyncDevice> {
    let end = end.clone();
    let made = thread::spawn(move || -> Result<SyncDevice> {
        let namespace = std::fs::File::open(&end.namespace)
            .with_context(|| format!("no namespace at {}", end.namespace.display()))?;
        setns(namespace, CloneFlags::CLONE_NEWNET).context("cannot enter the namespace")?;
        DeviceBuilder::new()
            .name(end.device.clone())
            .mtu(MTU)
            .with(|device| {
                device.tx_queue_len(TRANSMIT_QUEUE);
            })
            .build_sync()
            .with_context(|| format!("cannot make the TUN device {}", end.device))
    });
    made.join().unwrap_or_else(|_| Err(anyhow::anyhow!("making a TUN device panicked")))
}

/// The first lane is for all but the packets of `addresses`, which have a lane each.
fn receive(from: &SyncDevice, lanes: &[Lane], addresses: &[Ipv4Addr]) {
    let mut buffer = vec![0; usize::from(MTU) + 64];
    while let Ok(length) = from.recv(&mut buffer) {
        let bytes = &buffer[..length];
        let nearer = addresses.iter().position(|address| is_of(bytes, *address));
        let lane = &lanes[nearer.map_or(0, |at| at + 1)];
        let packet = Packet { due: Instant::now() + lane.one_way, bytes: bytes.into() };
        let _ = lane.queue.try_send(packet);
    }
}

/// Whether an IPv4 packet comes from or goes to this address.
fn is_of(packet: &[u8], address: Ipv4Addr) -> bool {
    let is_v4 = packet.first().is_some_and(|first| first >> 4 == 4);
    is_v4 && [12, 16].into_iter().any(|at| packet.get(at..at + 4) == Some(&address.octets()[..]))
}

fn send(queue: &Receiver<Packet>, to: &SyncDevice) {
    for packet in queue {
        thread::sleep(packet.due.saturating_duration_since(Instant::now()));
        let _ = to.send(&packet.bytes);
    }
}

const MTU: u16 = 1500;

/// Packets in flight in one direction, at most: 12 MB of full packets.
const QUEUE: usize = 8192;

/// Packets that wait for the forwarder in the kernel; the default of 500 is less than 500 hosts send at once.
const TRANSMIT_QUEUE: u32 = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_belongs_to_its_source_and_its_destination() {
        let mut packet = [0_u8; 20];
        packet[0] = 0x45;
        packet[12..16].copy_from_slice(&[192, 0, 2, 10]);
        packet[16..20].copy_from_slice(&[198, 51, 100, 20]);
        for (address, expected) in
            [([192, 0, 2, 10], true), ([198, 51, 100, 20], true), ([192, 0, 2, 53], false)]
        {
            assert_eq!(is_of(&packet, address.into()), expected, "{address:?}");
        }
        packet[0] = 0x60;
        assert!(!is_of(&packet, [192, 0, 2, 10].into()));
        assert!(!is_of(&packet[..10], [192, 0, 2, 10].into()));
    }
}
