//! Latency for every packet between two namespaces, without kernel support for it.
//!
//! A TUN device in each namespace, and between them a forwarder that holds every packet for a fixed time. TCP
//! handshakes are delayed like everything else, which a relay of connections could not do. Order is kept; a full
//! queue drops, as a router does.

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

/// A link that is up: both devices exist until this value is gone and the process has ended.
#[derive(Debug)]
pub struct Link {
    directions: Vec<thread::JoinHandle<()>>,
}

impl Link {
    /// Makes both devices, without addresses, and starts forwarding with `one_way` of delay in each direction.
    ///
    /// # Errors
    /// When a namespace cannot be entered or a device not be made there.
    pub fn up(near: &End, far: &End, one_way: Duration) -> Result<Self> {
        let near = Arc::new(device(near)?);
        let far = Arc::new(device(far)?);
        let mut directions = Vec::new();
        for (from, to) in [(Arc::clone(&near), Arc::clone(&far)), (far, near)] {
            let (queue, due) = sync_channel(QUEUE);
            directions.push(thread::spawn(move || receive(&from, &queue, one_way)));
            directions.push(thread::spawn(move || send(&due, &to)));
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

fn receive(from: &SyncDevice, queue: &SyncSender<Packet>, one_way: Duration) {
    let mut buffer = vec![0; usize::from(MTU) + 64];
    while let Ok(length) = from.recv(&mut buffer) {
        let packet = Packet { due: Instant::now() + one_way, bytes: buffer[..length].into() };
        let _ = queue.try_send(packet);
    }
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
