//! Bodies of the published interfaces: what is read of one is the same out of a record.
#![no_main]

use std::fmt::Debug;

use gh_connect_github::{
    Count,
    cloud::{Collected, Entries, Events, Known, Owners, Seats, SyncStatus},
    manage::{
        CheckedLicence, ManageLicenceSays, NodeMaintenance, NodeVersion, Replication, Topology, VersionSays,
    },
    server::{ServerLicenceSays, ServerMetaSays},
};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|body: &[u8]| {
    stays::<Count>(body);
    stays::<Collected>(body);
    stays::<Seats>(body);
    stays::<SyncStatus>(body);
    stays::<Entries>(body);
    stays::<Events>(body);
    stays::<Known>(body);
    stays::<Owners>(body);
    stays::<CheckedLicence>(body);
    stays::<ManageLicenceSays>(body);
    stays::<NodeMaintenance>(body);
    stays::<NodeVersion>(body);
    stays::<Replication>(body);
    stays::<Topology>(body);
    stays::<VersionSays>(body);
    stays::<ServerLicenceSays>(body);
    stays::<ServerMetaSays>(body);
});

fn stays<T: Serialize + DeserializeOwned + PartialEq + Debug>(body: &[u8]) {
    let Ok(said) = serde_json::from_slice::<T>(body) else { return };
    let saved = serde_json::to_string(&said).expect("what was said can be saved");
    assert_eq!(serde_json::from_str::<T>(&saved).expect("what was saved can be read"), said);
}
