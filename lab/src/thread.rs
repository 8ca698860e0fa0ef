//! A lab on a thread of its own.

use std::io;
use std::ops::Deref;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::lab::Lab;
use crate::world::World;

/// A [`Lab`] on a thread and a runtime of its own, for a process whose own runtime must not be disturbed. It has
/// everything that a `Lab` has; dropping it stops the servers and waits for the thread.
#[derive(Debug)]
pub struct LabThread {
    /// Both are `Some` until this is dropped.
    lab: Option<Lab>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl LabThread {
    /// Starts a world. Returns when every socket is bound.
    ///
    /// # Errors
    /// As [`Lab::start`], and when no thread can be started.
    pub fn start(world: &World) -> io::Result<LabThread> {
        let world = world.clone();
        let (started, lab) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("lab".into()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(started.send(Err(error))),
            };
            runtime.block_on(async {
                let lab = Lab::start(&world).await;
                if started.send(lab).is_ok() {
                    // Either way the lab's owner is gone.
                    let _ = stopped.await;
                }
            });
        })?;
        let lab =
            lab.recv().map_err(|_| io::Error::other("the lab's thread ended before it had started"))??;
        Ok(LabThread { lab: Some(lab), running: Some((stop, thread)) })
    }
}

impl Deref for LabThread {
    type Target = Lab;

    fn deref(&self) -> &Lab {
        self.lab.as_ref().expect("a lab is there until it is dropped")
    }
}

impl Drop for LabThread {
    fn drop(&mut self) {
        drop(self.lab.take());
        if let Some((stop, thread)) = self.running.take() {
            // The thread may have ended by itself.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}
