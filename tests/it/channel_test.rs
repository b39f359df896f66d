//! `replyflow channel test` against fakes of the providers' own APIs, which know one login and answer everything else as the real ones do;
//! and against nobody.

use crate::support::fake_provider::FakeProvider;
use crate::support::process::{Service, configuration, environment, project};
use crate::support::server::Server;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// One provider's call that proves credentials.
struct Api {
    /// The channel's lines beside `base_url`; the secret that proves the login is in `LOGIN`, or there is `GOOD` in a line.
    lines: &'static str,
    /// What is asked for, with its query.
    asked: &'static str,
    /// What proves the login: a header and its value, or a part of the query.
    login: Login,
    /// The answer to it.
    valid: &'static str,
    /// What is answered to any other login.
    refused: (u16, &'static str),
}

enum Login {
    Header(&'static str, &'static str),
    /// A header that begins so.
    Begins(&'static str, &'static str),
    Query,
}
use Login::{Begins, Header, Query};

const APIS: &[Api] = &[
    Api {
        lines: "provider = \"twilio\"\nkind = \"sms\"\nnumber = \"+447700900001\"\naccount_sid = \"AC00000000000000000000000000000001\"\nauth_token = { env = \"LOGIN\" }",
        asked: "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json?PageSize=1",
        // AC…1:good
        login: Header("authorization", "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpnb29k"),
        valid: r#"{"messages":[],"page":0,"page_size":1}"#,
        refused: (
            401,
            r#"{"code":20003,"message":"Authenticate","more_info":"https://www.twilio.com/docs/errors/20003","status":401}"#,
        ),
    },
    Api {
        lines: "provider = \"twilio\"\nkind = \"sms\"\nnumber = \"+447700900001\"\naccount_sid = \"AC00000000000000000000000000000001\"\nauth_token = { env = \"OTHER\" }\napi_key_sid = \"SK00000000000000000000000000000001\"\napi_key_secret = { env = \"LOGIN\" }",
        // A standard key, as the page says, may not read the account itself.
        asked: "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json?PageSize=1",
        login: Header("authorization", "Basic U0swMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpnb29k"),
        valid: r#"{"messages":[],"page":0,"page_size":1}"#,
        refused: (401, r#"{"code":20003,"message":"Authenticate","status":401}"#),
    },
    Api {
        lines: "provider = \"meta\"\nkind = \"whatsapp\"\nphone_number_id = \"106540000000001\"\napp_secret = { env = \"OTHER\" }\nverify_token = { env = \"OTHER\" }\naccess_token = { env = \"LOGIN\" }",
        asked: "/v25.0/106540000000001?fields=display_phone_number",
        login: Header("authorization", "Bearer good"),
        valid: r#"{"display_phone_number":"+44 7700 900001","id":"106540000000001"}"#,
        refused: (
            400,
            r#"{"error":{"message":"Invalid OAuth access token - Cannot parse access token","type":"OAuthException","code":190}}"#,
        ),
    },
    Api {
        lines: "provider = \"vonage\"\nkind = \"sms\"\nnumber = \"+447700900001\"\napi_key = { env = \"KEY\" }\napi_secret = { env = \"LOGIN\" }\nsignature_secret = { env = \"OTHER\" }",
        asked: "/account/get-balance",
        login: Header("authorization", "Basic a2V5Omdvb2Q="),
        valid: r#"{"value":10.28,"autoReload":false}"#,
        refused: (401, r#"{"error-code":"401","error-code-label":"authentication failed"}"#),
    },
    Api {
        lines: "provider = \"vonage_sms\"\nkind = \"sms\"\nnumber = \"+447700900001\"\napi_key = { env = \"KEY\" }\napi_secret = { env = \"LOGIN\" }\nsignature_secret = { env = \"OTHER\" }",
        asked: "/account/get-balance",
        login: Header("authorization", "Basic a2V5Omdvb2Q="),
        valid: r#"{"value":10.28,"autoReload":false}"#,
        refused: (401, r#"{"error-code":"401","error-code-label":"authentication failed"}"#),
    },
    Api {
        lines: "provider = \"bird\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nregion = \"eu1\"\napi_key = { env = \"LOGIN\" }\nwebhook_signing_secret = { env = \"STANDARD\" }",
        asked: "/v1/sms/messages?limit=1",
        login: Header("authorization", "Bearer good"),
        valid: r#"{"data":[]}"#,
        refused: (401, r#"{"type":"authentication_error","code":"unauthorized","message":"Invalid API key"}"#),
    },
    Api {
        lines: "provider = \"bird\"\nkind = \"whatsapp\"\nnumber = \"+447700900001\"\nregion = \"eu1\"\napi_key = { env = \"LOGIN\" }\nwebhook_signing_secret = { env = \"STANDARD\" }",
        asked: "/v1/whatsapp/messages?limit=1",
        login: Header("authorization", "Bearer good"),
        valid: r#"{"data":[]}"#,
        refused: (401, r#"{"type":"authentication_error","code":"unauthorized","message":"Invalid API key"}"#),
    },
    Api {
        lines: "provider = \"bird_channels\"\nkind = \"sms\"\nworkspace_id = \"5a1d2c3e-0000-4000-8000-000000000001\"\nchannel_id = \"614208aa-b153-4d5d-9989-000000000001\"\naccess_key = { env = \"LOGIN\" }\nsigning_key = { env = \"OTHER\" }",
        asked: "/workspaces/5a1d2c3e-0000-4000-8000-000000000001/channels/614208aa-b153-4d5d-9989-000000000001",
        login: Header("authorization", "AccessKey good"),
        valid: r#"{"id":"614208aa-b153-4d5d-9989-000000000001","platformId":"sms-messagebird"}"#,
        refused: (401, r#"{"code":"AuthenticationFailed","message":"authentication failed"}"#),
    },
    Api {
        lines: "provider = \"messagebird\"\nkind = \"sms\"\nnumber = \"+447700900001\"\naccess_key = { env = \"LOGIN\" }\nsigning_key = { env = \"OTHER\" }",
        asked: "/balance",
        login: Header("authorization", "AccessKey good"),
        valid: r#"{"payment":"prepaid","type":"credits","amount":42.5}"#,
        refused: (
            401,
            r#"{"errors":[{"code":2,"description":"Request not allowed (incorrect access_key)","parameter":"access_key"}]}"#,
        ),
    },
    Api {
        lines: "provider = \"bandwidth\"\nkind = \"sms\"\nnumber = \"+15005550006\"\naccount_id = \"9900000\"\napplication_id = \"93de2206-9669-4e07-948d-329f4b722ee2\"\nusername = \"user\"\npassword = { env = \"LOGIN\" }\ncallback_user = \"h\"\ncallback_password = { env = \"OTHER\" }",
        asked: "/api/v2/users/9900000/media",
        login: Header("authorization", "Basic dXNlcjpnb29k"),
        valid: "[]",
        refused: (401, r#"{"type":"authentication-error","description":"Access is denied"}"#),
    },
    Api {
        lines: "provider = \"plivo\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nauth_id = \"MA0123456789ABCDEFGH\"\nauth_token = { env = \"LOGIN\" }",
        asked: "/v1/Account/MA0123456789ABCDEFGH/",
        login: Header("authorization", "Basic TUEwMTIzNDU2Nzg5QUJDREVGR0g6Z29vZA=="),
        valid: r#"{"auth_id":"MA0123456789ABCDEFGH","cash_credits":"1.0","name":"Shop"}"#,
        refused: (401, "Could not verify your access level for that URL.\nYou have to login with proper credentials"),
    },
    Api {
        lines: "provider = \"telnyx\"\nkind = \"sms\"\nnumber = \"+447700900001\"\napi_key = { env = \"LOGIN\" }\npublic_key = \"KoKtxk2CG/fKWueyYur/QEgRulutpWIhyl0q+XqLT4c=\"",
        asked: "/v2/messaging_profiles?page[size]=1",
        login: Header("authorization", "Bearer good"),
        valid: r#"{"data":[],"meta":{"total_results":0}}"#,
        refused: (401, r#"{"errors":[{"code":"10009","title":"Authentication failed","detail":"Could not find the key"}]}"#),
    },
    Api {
        lines: "provider = \"infobip\"\nkind = \"sms\"\nnumber = \"+447700900001\"\napi_key = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        asked: "/account/1/balance",
        login: Header("authorization", "App good"),
        valid: r#"{"balance":47.79,"currency":"EUR"}"#,
        refused: (401, r#"{"requestError":{"serviceException":{"messageId":"UNAUTHORIZED","text":"Invalid login details"}}}"#),
    },
    Api {
        lines: "provider = \"sinch\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nservice_plan_id = \"plan-for-tests\"\napi_token = { env = \"LOGIN\" }\nsigning_secret = { env = \"OTHER\" }",
        asked: "/xms/v1/plan-for-tests/batches?page_size=1",
        login: Header("authorization", "Bearer good"),
        valid: r#"{"count":0,"page":0,"page_size":1,"batches":[]}"#,
        refused: (401, ""),
    },
    Api {
        lines: "provider = \"sinch\"\nkind = \"whatsapp\"\nproject_id = \"project-for-tests\"\napp_id = \"01EB37HMH1M6SV18BSNS3G135H\"\nkey_id = \"key-for-tests\"\nkey_secret = { env = \"LOGIN\" }\nsigning_secret = { env = \"OTHER\" }",
        asked: "/v1/projects/project-for-tests/apps/01EB37HMH1M6SV18BSNS3G135H",
        login: Header("authorization", "Basic a2V5LWZvci10ZXN0czpnb29k"),
        valid: r#"{"id":"01EB37HMH1M6SV18BSNS3G135H","display_name":"Shop"}"#,
        refused: (401, r#"{"error":{"code":401,"message":"Request had invalid credentials.","status":"UNAUTHENTICATED"}}"#),
    },
    Api {
        lines: "provider = \"gupshup\"\nkind = \"whatsapp\"\nnumber = \"+447700900001\"\napp = \"DemoApp\"\napi_key = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        asked: "/sm/api/v1/template/list/DemoApp",
        login: Header("apikey", "good"),
        valid: r#"{"status":"success","templates":[]}"#,
        refused: (401, "Authentication Failed"),
    },
    Api {
        lines: "provider = \"360dialog\"\nkind = \"whatsapp\"\napi_key = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        asked: "/v1/configs/webhook",
        login: Header("d360-api-key", "good"),
        valid: r#"{"url":"https://hooks.example.org/hooks/main/a-secret"}"#,
        refused: (401, r#"{"meta":{"success":false,"http_code":401,"developer_message":"Invalid api key"}}"#),
    },
    Api {
        lines: "provider = \"africastalking\"\nkind = \"sms\"\nnumber = \"21512\"\nusername = \"myapp\"\napi_key = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        asked: "/version1/user?username=myapp",
        login: Header("apikey", "good"),
        valid: r#"{"UserData":{"balance":"KES 1785.50"}}"#,
        refused: (401, "The supplied authentication is invalid"),
    },
    Api {
        lines: "provider = \"jasmin\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nusername = \"u\"\npassword = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        asked: "/balance?username=u&password=good",
        login: Query,
        valid: r#"{"balance":"ND","sms_count":"ND"}"#,
        refused: (403, r#""Authentication failure for username:u""#),
    },
    Api {
        lines: "provider = \"aws\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nregion = \"eu-west-1\"\naccess_key_id = \"AKIAGOOD\"\nsecret_access_key = { env = \"OTHER\" }\nsns_topics = [\"arn:aws:sns:eu-west-1:123456789012:twoway\"]",
        asked: "/",
        login: Begins("authorization", "AWS4-HMAC-SHA256 Credential=AKIAGOOD/"),
        valid: r#"{"AccountAttributes":[{"Name":"ACCOUNT_TIER","Value":"SANDBOX"}]}"#,
        refused: (
            400,
            r#"{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}"#,
        ),
    },
];

/// What the fake of an API answers.
#[derive(Clone, Copy)]
enum Mood {
    AsItIs,
    Broken,
}

fn fake(api: &'static Api, mood: Mood) -> Server {
    Server::start(move |app| {
        app.default_service(web::to(move |request: HttpRequest| async move { answer(api, mood, &request) }));
    })
}

fn answer(api: &Api, mood: Mood, request: &HttpRequest) -> HttpResponse {
    if matches!(mood, Mood::Broken) {
        return HttpResponse::InternalServerError().body("oops");
    }
    let asked = request.uri().path_and_query().map_or("", |asked| asked.as_str());
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let path = |text: &'_ str| text.split('?').next().map(str::to_owned);
    if path(asked) != path(api.asked) {
        return HttpResponse::NotFound().finish();
    }
    let is_known = match api.login {
        Header(name, value) => header(name) == value && asked == api.asked,
        Begins(name, value) => header(name).starts_with(value),
        Query => asked == api.asked,
    };
    match is_known {
        true => HttpResponse::Ok().content_type("application/json").body(api.valid),
        false => HttpResponse::build(StatusCode::from_u16(api.refused.0).expect("a status")).body(api.refused.1),
    }
}

/// A project with that channel, and what the command says of it.
fn tested(lines: &str, base_url: &str, login: &str, more: &[&str]) -> (String, i32) {
    let folder = tempfile::tempdir().expect("a folder");
    let text =
        format!("[server]\npublic_url = \"https://hooks.example.org\"\n[channels.main]\n{lines}\nbase_url = \"{base_url}\"\n");
    fs::write(folder.path().join("replyflow.toml"), text).expect("written");
    channel_test(folder.path(), login, more)
}

fn channel_test(folder: &Path, login: &str, more: &[&str]) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_replyflow"))
        .args(["channel", "test", "main"])
        .args(more)
        .current_dir(folder)
        .env_remove("REPLYFLOW_CONFIG")
        .env("NO_COLOR", "1")
        .env("LOGIN", login)
        .env("KEY", "key")
        .env("OTHER", "a-secret-of-16-letters")
        .env("STANDARD", "whsec_YmlyZC1zdGFuZGFyZC13ZWJob29rLXNlY3JldC0wMSE=")
        .output()
        .expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &*String::from_utf8_lossy(&output.stderr);
    (text, output.status.code().unwrap_or(-1))
}

/// Whose channel it is, for what fails.
fn of(api: &Api) -> &str {
    api.lines.lines().next().unwrap_or("")
}

#[test]
fn channel_test_tells_whether_the_provider_takes_the_credentials() {
    for api in APIS {
        let fake = fake(api, Mood::AsItIs);
        let (said, code) = tested(api.lines, &fake.url, "good", &["--no-wait"]);
        assert!(said.contains("the provider takes them") && code == 0, "{}: {code}\n{said}", of(api));
        assert!(said.contains("https://hooks.example.org/hooks/main"), "{}\n{said}", of(api));
        let (said, code) = tested(&api.lines.replace("GOOD", "EVIL"), &fake.url, "evil", &["--no-wait"]);
        let refused = format!("the provider refuses them (HTTP {})", api.refused.0);
        assert!(said.contains(&refused) && code == 1, "{}: {code}\n{said}", of(api));
    }
}

#[test]
fn channel_test_says_when_the_provider_says_neither_or_nothing() {
    for api in APIS {
        let broken = fake(api, Mood::Broken);
        let (said, code) = tested(api.lines, &broken.url, "good", &["--no-wait"]);
        assert!(said.contains("says neither (HTTP 500)") && code == 0, "{}: {code}\n{said}", of(api));
        drop(broken);
        // Nobody listens at the first port.
        let (said, code) = tested(api.lines, "http://127.0.0.1:1", "good", &["--no-wait"]);
        assert!(said.contains("cannot be asked") && code == 1, "{}: {code}\n{said}", of(api));
        assert!(!said.contains("good"), "{}: a credential\n{said}", of(api));
    }
}

const ECHO: &str =
    "flow: echo\nlanguages: [en]\nstart:\n  - message: any\nbegin: reply\nstates: { reply: { say: Hello, end: done } }\n";

/// The command beside the running service, in the same environment.
fn beside(folder: &Path, wait: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_replyflow"));
    environment(&mut command)
        .args(["channel", "test", "main-sms", "--wait", wait, "--config"])
        .arg(folder.join("replyflow.toml"));
    command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts")
}

#[tokio::test]
async fn channel_test_explains_the_first_message_that_comes_after_it_began() {
    let (folder, provider) = (tempfile::tempdir().expect("a folder"), FakeProvider::start());
    let text = configuration("kind = \"embedded\"\npath = \"store.db\"\nhistory = \"history.db\"", &provider.url, "");
    project(folder.path(), &text, &[("flows/echo.yaml", ECHO)]);
    let service = Service::start(folder.path());
    // What came before is none of its business.
    assert_eq!(service.sms("SM1", "+447700900199", "Too early").await, 200);
    let mut child = beside(folder.path(), "60s");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut said = Vec::new();
    for line in lines.by_ref() {
        said.push(line.expect("text"));
        if said.last().is_some_and(|line| line.starts_with("waiting")) {
            break;
        }
    }
    assert!(said.iter().any(|line| line.contains("https://hooks.example.org/hooks/main-sms#rc=5&rp=all")), "{said:?}");
    assert_eq!(service.sms("SM2", "+447700900123", "Is anybody there?").await, 200);
    let rest: Vec<String> = lines.map(|line| line.expect("text")).collect();
    let rest = rest.join("\n");
    assert!(child.wait().expect("an end").success(), "{rest}");
    for part in ["+447700900123", "Is anybody there?", "echo", "SM2"] {
        assert!(rest.contains(part), "{part}: {rest}");
    }
    assert!(!rest.contains("Too early"), "{rest}");
    service.stop();
}

#[tokio::test]
async fn channel_test_says_what_to_look_at_when_nothing_comes() {
    let (folder, provider) = (tempfile::tempdir().expect("a folder"), FakeProvider::start());
    let text = configuration("kind = \"embedded\"\npath = \"store.db\"\nhistory = \"history.db\"", &provider.url, "");
    project(folder.path(), &text, &[("flows/echo.yaml", ECHO)]);
    let service = Service::start(folder.path());
    let output = beside(folder.path(), "1s").wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in ["nothing", "forged", "webhook_from", "server.trusted_proxies"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    service.stop();
}

#[test]
fn channel_test_shows_the_whole_url_of_who_signs_nothing() {
    let kannel = "provider = \"kannel\"\nkind = \"sms\"\nnumber = \"2020\"\nusername = \"u\"\npassword = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }";
    let (said, code) = tested(kannel, "http://127.0.0.1:1", "good", &["--no-wait"]);
    assert!(said.contains("https://hooks.example.org/hooks/main/a-secret-of-16-letters") && code == 0, "{code}\n{said}");
    assert!(said.contains("cannot be tested"), "{said}");
    let (said, code) = tested(kannel, "http://127.0.0.1:1", "good", &["--wait", "soon"]);
    assert!(said.contains("`soon` is no duration") && code == 2, "{code}\n{said}");
}
