//! Reading the channels of providers whose settings have rules of their own.

use super::ProviderSettings;
use super::jasmin::Alphabet;
use crate::config::{Environment, Secrets, Settings};
use std::path::Path;

/// The provider of a channel with these lines, or what is wrong with them.
fn read(lines: &str) -> Result<ProviderSettings, String> {
    let text = format!("[server]\npublic_url = \"https://replies.example.com\"\n[channels.x]\n{lines}\n");
    let secrets = [("KEY", "a-key"), ("HOOK", "a-secret-of-16-letters"), ("SHORT", "short")];
    let environment: Environment = secrets.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (settings, mistakes, _) = Settings::read(&text, Path::new("/p"), &environment, Secrets::Required);
    match mistakes.is_empty() {
        true => Ok(settings.channels.values().next().expect("a channel").provider.clone()),
        false => Err(mistakes.iter().map(|mistake| format!("{}: {}\n", mistake.key, mistake.message)).collect()),
    }
}

fn fails(lines: &str, part: &str) {
    let wrong = read(lines).expect_err(lines);
    assert!(wrong.contains(part), "{lines}\n{wrong}");
}

const KANNEL: &str = "provider = \"kannel\"\nkind = \"sms\"\nusername = \"u\"\npassword = { env = \"KEY\" }\nnumber = \"2020\"\nwebhook_secret = { env = \"HOOK\" }";

#[test]
fn a_gateway_is_where_its_owner_says() {
    fails(KANNEL, "channels.x.base_url: is missing");
    let with = |line: &str| read(&format!("{KANNEL}\nbase_url = \"http://10.0.0.5:13013/\"\n{line}"));
    let Ok(ProviderSettings::Kannel(kannel)) = with("") else { panic!("kannel") };
    assert_eq!((kannel.base_url.as_str(), kannel.sendsms_path.as_str()), ("http://10.0.0.5:13013", "/cgi-bin/sendsms"));
    let Ok(ProviderSettings::Kannel(kannel)) = with("sendsms_path = \"/send\"\nsmsc = \"a\"") else { panic!("kannel") };
    assert_eq!((kannel.sendsms_path.as_str(), kannel.smsc.as_deref()), ("/send", Some("a")));
    for path in ["send", "/send?x=1", "/a b"] {
        assert!(with(&format!("sendsms_path = \"{path}\"")).is_err(), "{path}");
    }
    let jasmin = KANNEL.replace("kannel", "jasmin");
    let Ok(ProviderSettings::Jasmin(jasmin)) = read(&format!("{jasmin}\nbase_url = \"http://j:1401\"\nalphabet = \"latin1\""))
    else {
        panic!("jasmin")
    };
    assert_eq!(jasmin.alphabet, Alphabet::Latin1);
    fails(&KANNEL.replace("HOOK", "SHORT"), "at least 16");
    fails(&KANNEL.replace("\"sms\"", "\"whatsapp\""), "Kannel has nothing else");
}

#[test]
fn the_sandbox_has_a_host_of_its_own() {
    let lines = |username: &str| {
        format!(
            "provider = \"africastalking\"\nkind = \"sms\"\nusername = \"{username}\"\napi_key = {{ env = \"KEY\" }}\nwebhook_secret = {{ env = \"HOOK\" }}"
        )
    };
    let base = |username: &str| match read(&lines(username)) {
        Ok(ProviderSettings::AfricasTalking(settings)) => (settings.base_url, settings.number),
        other => panic!("{other:?}"),
    };
    assert_eq!(base("sandbox"), ("https://api.sandbox.africastalking.com".to_owned(), None));
    assert_eq!(base("shop"), ("https://api.africastalking.com".to_owned(), None));
}

const AWS: &str = "provider = \"aws\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nregion = \"eu-west-1\"\naccess_key_id = \"AKIA1\"\nsecret_access_key = { env = \"KEY\" }";

#[test]
fn aws_needs_a_topic_and_a_secret_only_for_raw_messages() {
    fails(AWS, "channels.x.sns_topics: must name at least one topic");
    fails(&format!("{AWS}\nsns_topics = [\"twoway\"]"), "no ARN of a topic");
    let topic = "sns_topics = [\"arn:aws:sns:eu-west-1:123456789012:twoway\"]";
    let Ok(ProviderSettings::Aws(aws)) = read(&format!("{AWS}\n{topic}")) else { panic!("aws") };
    assert_eq!((aws.base_url.as_str(), aws.message_type), ("https://sms-voice.eu-west-1.amazonaws.com", "TRANSACTIONAL"));
    assert!(aws.guard.is_none());
    let more = "webhook_secret = { env = \"HOOK\" }\nmessage_type = \"promotional\"";
    let Ok(ProviderSettings::Aws(aws)) = read(&format!("{AWS}\n{topic}\n{more}")) else { panic!("aws") };
    assert!(aws.guard.is_some() && aws.message_type == "PROMOTIONAL");
    fails(&format!("{}\n{topic}", AWS.replace("eu-west-1", "EU")), "a region such as");
    // Without the secret the rest of the guard would guard nothing.
    fails(&format!("{AWS}\n{topic}\nwebhook_from = [\"10.0.0.0/8\"]"), "webhook_from");
}

#[test]
fn an_app_and_a_number_are_named() {
    let gupshup = "provider = \"gupshup\"\nkind = \"whatsapp\"\nnumber = \"+447700900001\"\napp = \"DemoApp\"\napi_key = { env = \"KEY\" }\nwebhook_secret = { env = \"HOOK\" }";
    assert!(matches!(read(gupshup), Ok(ProviderSettings::Gupshup(_))));
    fails(&gupshup.replace("DemoApp", "Demo/App"), "the name of an app");
    fails(&gupshup.replace("+4477", "4477"), "a number such as");
    let dialog =
        "provider = \"360dialog\"\nkind = \"whatsapp\"\napi_key = { env = \"KEY\" }\nwebhook_secret = { env = \"HOOK\" }";
    assert!(matches!(read(dialog), Ok(ProviderSettings::Dialog360(s)) if s.phone_number_id.is_none()));
    fails(&format!("{dialog}\nphone_number_id = \"+44\""), "digits");
}
