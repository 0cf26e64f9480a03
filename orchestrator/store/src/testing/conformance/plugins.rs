use hostwright_manifest::grants::{FilesGrant, Grants};
use hostwright_model::plugin::{Plugin, PluginActivation, PluginKind, PluginSignature, PluginStanding};
use hostwright_protocol::messages::PluginState;

use super::{is_in_use, is_taken};
use crate::Store;
use crate::testing::Samples;
use crate::testing::samples::StoredHost;

fn grants() -> Grants {
    let write = vec!["/etc".to_owned(), "/a".to_owned()];
    Grants { files: FilesGrant { read: Vec::new(), write }, log: true, ..Grants::default() }
}

fn plugin(samples: &Samples, version: &str) -> Plugin {
    Plugin {
        id: samples.id(),
        plugin: "hostwright/files".to_owned(),
        version: version.to_owned(),
        kind: PluginKind::Provider { collection: "files".to_owned() },
        digest: format!("sha256:{version}"),
        size: 3,
        summary: "Files".to_owned(),
        manifest: "manifest = 1\n".to_owned(),
        asked: grants(),
        signature: PluginSignature::Trusted { publisher_key: "k".to_owned(), signature: "s".to_owned() },
        shipped: true,
        created_at: samples.now(),
    }
}

fn activation(samples: &Samples, stored: &StoredHost, plugin: &Plugin) -> PluginActivation {
    PluginActivation {
        organization: stored.organization.id,
        plugin: plugin.id,
        serves: plugin.kind.clone(),
        grants: grants(),
        generation: 0,
        activated_at: samples.now(),
    }
}

pub(super) async fn plugins_and_components_come_back_as_they_were_stored(store: Store) {
    let samples = Samples::default();
    let first = plugin(&samples, "0.1.0");
    let second = Plugin { signature: PluginSignature::None, ..plugin(&samples, "0.2.0") };
    let mut tx = store.begin().await.unwrap();
    tx.insert_plugin(&first, b"one").await.unwrap();
    tx.insert_plugin(&second, b"two").await.unwrap();
    assert_eq!(tx.plugin(first.id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(tx.plugin_by_version("hostwright/files", "0.2.0").await.unwrap().as_ref(), Some(&second));
    assert_eq!(tx.plugin_by_version("hostwright/files", "0.3.0").await.unwrap(), None);
    assert_eq!(tx.plugins().await.unwrap().len(), 2);
    assert_eq!(tx.component("sha256:0.2.0").await.unwrap().unwrap(), b"two");
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert!(is_taken(&tx.insert_plugin(&Plugin { id: samples.id(), ..first.clone() }, b"one").await));
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.delete_plugin(second.id).await.unwrap());
    assert!(!tx.delete_plugin(second.id).await.unwrap());
    assert_eq!(tx.component("sha256:0.2.0").await.unwrap(), None);
    assert!(tx.component("sha256:0.1.0").await.unwrap().is_some());
}

pub(super) async fn activations_rise_and_replace_each_other(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let o = stored.organization.id;
    let (first, second) = (plugin(&samples, "0.1.0"), plugin(&samples, "0.2.0"));
    tx.insert_plugin(&first, b"one").await.unwrap();
    tx.insert_plugin(&second, b"two").await.unwrap();
    assert_eq!(tx.activation_generation(o).await.unwrap(), 0);
    let mut old = activation(&samples, &stored, &first);
    assert_eq!(tx.activate_plugin(&mut old).await.unwrap(), 1);
    let mut new = activation(&samples, &stored, &second);
    assert_eq!(tx.activate_plugin(&mut new).await.unwrap(), 2);
    assert_eq!(tx.activations(o).await.unwrap(), [(new.clone(), second.clone())]);
    assert_eq!(tx.activation_generation(o).await.unwrap(), 2);
    let standing = PluginStanding {
        agent: stored.agent.id,
        plugin: second.plugin.clone(),
        digest: second.digest.clone(),
        generation: 2,
        state: PluginState::Idle { reason: "nothing to do".to_owned() },
        reported_at: samples.now(),
    };
    tx.put_plugin_standing(&PluginStanding { generation: 1, ..standing.clone() }).await.unwrap();
    tx.put_plugin_standing(&standing).await.unwrap();
    assert_eq!(tx.plugin_standings(o, stored.agent.id).await.unwrap(), [standing]);
    tx.commit().await.unwrap();
    assert!(is_in_use(&store.begin().await.unwrap().delete_plugin(second.id).await));
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.deactivate_plugin(o, &second.kind).await.unwrap(), Some(3));
    assert_eq!(tx.deactivate_plugin(o, &second.kind).await.unwrap(), None);
    assert_eq!(tx.activation_generation(o).await.unwrap(), 3);
    assert!(tx.delete_plugin(second.id).await.unwrap());
}

pub(super) async fn components_are_for_agents_of_organizations_that_use_them(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let stranger = samples.stored_host(&mut *tx, "Stranger").await.unwrap();
    let plugin = plugin(&samples, "0.1.0");
    tx.insert_plugin(&plugin, b"one").await.unwrap();
    let part = async |tx: &mut Box<dyn crate::Transaction>, stored: &StoredHost| {
        tx.component_part_for_agent(stored.agent.id, &plugin.digest, 1, 9).await.unwrap()
    };
    assert_eq!(part(&mut tx, &stored).await, None);
    tx.activate_plugin(&mut activation(&samples, &stored, &plugin)).await.unwrap();
    assert_eq!(part(&mut tx, &stored).await, Some((3, b"ne".to_vec())));
    assert_eq!(part(&mut tx, &stranger).await, None);
    tx.revoke_agent(stored.organization.id, stored.agent.id, samples.now()).await.unwrap();
    assert_eq!(part(&mut tx, &stored).await, None);
}
