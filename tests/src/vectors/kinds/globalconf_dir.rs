//! Global configurations on disk.

use super::{Facts, Refused};
use crate::vectors::case::{Case, certificate};
use formats::globalconf::{LocalConfiguration, LocalInstance, ResponderOrder, SharedParameters};
use serde_json::{Map, Value, json};

pub fn run(case: &Case<'_>) -> Facts {
    let files = case.files_below(case.needed("file")?)?;
    let local = LocalConfiguration::read(&files).map_err(|error| Refused::code("", error))?;
    let instances: Vec<Value> = local.instances.iter().map(instance).collect();
    let mut facts = json!({ "instance": local.instance, "instances": instances });
    // Which certificate the order is asked for, the expectation says.
    if let Some(path) = case.case["facts"]["ocsp_order"]["certificate"].as_str() {
        facts["ocsp_order"] = responder_order(case, &local, path)?;
    }
    Ok(facts)
}

fn responder_order(case: &Case<'_>, local: &LocalConfiguration, path: &str) -> Facts {
    let subject = certificate(&case.read(path)?)?;
    let own = local.shared().find(|shared| shared.instance == local.instance);
    let own = own.ok_or_else(|| Refused::code("", "the own instance has no shared parameters"))?;
    let mut order = Map::from_iter([("certificate".to_owned(), json!(path))]);
    for strategy in ResponderOrder::ALL {
        order.insert(strategy.name().to_owned(), json!(own.responder_addresses(&subject, strategy)));
    }
    Ok(Value::Object(order))
}

fn instance(local: &LocalInstance) -> Value {
    let mut facts = json!({
        "instance": local.instance,
        "shared": local.shared.as_ref().map(|shared| &shared.version),
        "private": local.private.as_ref().map(|private| &private.version),
    });
    if let (Some(shared), Value::Object(facts)) = (&local.shared, &mut facts) {
        facts.extend(parameters(&shared.parameters));
    }
    facts
}

fn parameters(shared: &SharedParameters) -> Map<String, Value> {
    let mut members = Vec::new();
    for member in &shared.members {
        let id = format!("{}/{}/{}", shared.instance, member.class, member.code);
        members.push(id.clone());
        members.extend(member.subsystems.iter().map(|subsystem| format!("{id}/{}", subsystem.code)));
    }
    let groups = shared.global_groups.iter().map(|group| {
        let members: Vec<String> = group.members.iter().map(ToString::to_string).collect();
        (group.code.clone(), json!(members))
    });
    let servers: Vec<String> = shared.servers.iter().map(|server| server.id.to_string()).collect();
    let authorities: Vec<&String> = shared.approved_cas.iter().map(|authority| &authority.name).collect();
    let stamping: Vec<&String> = shared.approved_tsas.iter().map(|authority| &authority.name).collect();
    Map::from_iter([
        ("members".to_owned(), json!(members)),
        ("security_servers".to_owned(), json!(servers)),
        ("approved_cas".to_owned(), json!(authorities)),
        ("tsas".to_owned(), json!(stamping)),
        ("global_groups".to_owned(), Value::Object(groups.collect())),
        ("ocsp_freshness_seconds".to_owned(), json!(shared.ocsp_freshness_s)),
    ])
}
