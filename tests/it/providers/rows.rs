//! What each provider's API is like, as its recorded vectors have it: where a message goes, how the login is shown, what is answered, and how a
//! report looks. `{n}` is the number of a request, `{id}` the id that was answered, `{ref}` our name of the message as the request had it, `{to}`
//! the receiver in digits, `{word}` the word for how far it came, `{hook}` the webhook, `{fake}` where the API is.

use super::signing::Sign;
use crate::support::fake_provider::{Api, Login};

/// One adapter, with what its provider says.
pub struct Row {
    /// The channel.
    pub name: &'static str,
    /// Its lines, without `base_url`. Secrets are in `LOGIN`, `KEY`, `OTHER` and `STANDARD`.
    pub lines: &'static str,
    pub api: Api,
    /// The provider's id of a message; empty where it gives none.
    pub id: &'static str,
    /// Why a refused message fails.
    pub reason: &'static str,
    pub report: Report,
    pub lost: Lost,
}

impl Row {
    /// Whether its channel is one of WhatsApp.
    pub fn is_whatsapp(&self) -> bool {
        self.lines.contains("kind = \"whatsapp\"")
    }
}

/// How a report comes.
pub struct Report {
    /// Where to; a `GET` if there is no body.
    pub to: &'static str,
    pub kind: &'static str,
    pub body: &'static str,
    /// Sent, delivered.
    pub words: [&'static str; 2],
    pub sign: Sign,
    /// Whether it brings our name of the message back.
    pub names_us: bool,
}

/// What becomes of a message whose answer was lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// It is put before an operator.
    Unsure,
    /// It is sent again with the same key, by which the provider knows it.
    Again,
    /// The provider is asked, and has it.
    Asked,
}
use Login::{Begins, Header, Within};
use Lost::{Again, Asked, Unsure};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const STATUSES: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"447700900001","phone_number_id":"106540000000001"},"statuses":[{"id":"{id}","status":"{word}","timestamp":"1795229995","recipient_id":"{to}","biz_opaque_callback_data":"{ref}"}]}}]}]}"#;

const fn api(send: (&'static str, &'static str), login: Login, accepted: (u16, &'static str)) -> Api {
    Api { send, login, accepted, throttled: (429, ""), refused: (400, "{}"), lookup: None }
}

impl Row {
    const fn refused(mut self, status: u16, body: &'static str, reason: &'static str) -> Self {
        self.api.refused = (status, body);
        self.reason = reason;
        self
    }

    const fn throttled(mut self, status: u16, body: &'static str) -> Self {
        self.api.throttled = (status, body);
        self
    }

    const fn lost(mut self, lost: Lost) -> Self {
        self.lost = lost;
        self
    }

    const fn looked_up(mut self, path: &'static str, answer: &'static str) -> Self {
        self.api.lookup = Some((path, answer));
        self
    }
}

const fn row(name: &'static str, lines: &'static str, api: Api, id: &'static str, report: Report) -> Row {
    Row { name, lines, api, id, reason: "unknown", report, lost: Unsure }
}

const fn report(to: &'static str, kind: &'static str, body: &'static str, words: [&'static str; 2], sign: Sign) -> Report {
    Report { to, kind, body, words, sign, names_us: true }
}

const fn nameless(report: Report) -> Report {
    Report { names_us: false, ..report }
}

pub const ROWS: &[Row] = &[
    row(
        "twilio",
        "provider = \"twilio\"\nkind = \"sms\"\nnumber = \"+447700900001\"\naccount_sid = \"AC00000000000000000000000000000001\"\nauth_token = { env = \"LOGIN\" }",
        api(
            ("POST", "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json"),
            Header("authorization", "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpnb29k"),
            (201, r#"{"sid":"{id}","status":"queued","num_segments":"1","error_code":null,"error_message":null}"#),
        ),
        "SM0000000000000000000000000000{n}",
        report(
            "{hook}/status?send={ref}",
            FORM,
            "SmsSid={id}&SmsStatus={word}&MessageStatus={word}&To=%2B{to}&MessageSid={id}&AccountSid=AC00000000000000000000000000000001&From=%2B447700900001&ApiVersion=2010-04-01",
            ["sent", "delivered"],
            Sign::Twilio,
        ),
    )
    .throttled(429, r#"{"code":20429,"message":"Too Many Requests","status":429}"#)
    .refused(400, r#"{"code":21211,"message":"Invalid 'To' Phone Number","status":400}"#, "invalid"),
    row(
        "meta",
        "provider = \"meta\"\nkind = \"whatsapp\"\nphone_number_id = \"106540000000001\"\napp_secret = { env = \"OTHER\" }\nverify_token = { env = \"OTHER\" }\naccess_token = { env = \"LOGIN\" }",
        api(
            ("POST", "/v25.0/106540000000001/messages"),
            Header("authorization", "Bearer good"),
            (200, r#"{"messaging_product":"whatsapp","contacts":[{"input":"1","wa_id":"1"}],"messages":[{"id":"{id}"}]}"#),
        ),
        "wamid.{n}",
        report("{hook}", JSON, STATUSES, ["sent", "delivered"], Sign::Meta),
    )
    .throttled(400, r#"{"error":{"message":"Rate limit hit","type":"OAuthException","code":130429}}"#)
    .refused(400, r#"{"error":{"message":"Message undeliverable","type":"OAuthException","code":131026}}"#, "unreachable"),
    row(
        "vonage",
        "provider = \"vonage\"\nkind = \"sms\"\nnumber = \"+447700900001\"\napi_key = { env = \"KEY\" }\napi_secret = { env = \"LOGIN\" }\nsignature_secret = { env = \"OTHER\" }",
        api(("POST", "/v1/messages"), Header("authorization", "Basic a2V5Omdvb2Q="), (202, r#"{"message_uuid":"{id}"}"#)),
        "aaaaaaaa-bbbb-4ccc-8ddd-00000000{n}",
        report(
            "{hook}/status",
            JSON,
            r#"{"message_uuid":"{id}","to":"{to}","from":"447700900001","timestamp":"2026-11-21T03:00:05Z","status":"{word}","channel":"sms","client_ref":"{ref}"}"#,
            ["submitted", "delivered"],
            Sign::Vonage,
        ),
    )
    .refused(422, r#"{"type":"https://developer.vonage.com/api-errors/messages#1150","title":"Invalid params"}"#, "content"),
    row(
        "vonage-sms",
        "provider = \"vonage_sms\"\nkind = \"sms\"\nnumber = \"+447700900001\"\napi_key = { env = \"KEY\" }\napi_secret = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        api(
            ("POST", "/sms/json"),
            Within("api_secret=good"),
            (200, r#"{"message-count":"1","messages":[{"to":"1","message-id":"{id}","status":"0"}]}"#),
        ),
        "0A00000{n}",
        report(
            "{hook}/status",
            FORM,
            "msisdn={to}&to=447700900001&messageId={id}&status={word}&err-code=0&client-ref={ref}",
            ["buffered", "delivered"],
            Sign::Nothing,
        ),
    )
    .throttled(200, r#"{"message-count":"1","messages":[{"status":"1","error-text":"Throughput Rate Exceeded - please wait [ 250 ] and retry"}]}"#)
    .refused(200, r#"{"message-count":"1","messages":[{"status":"6","error-text":"The message was invalid"}]}"#, "unreachable"),
    row(
        "bird",
        "provider = \"bird\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nregion = \"eu1\"\napi_key = { env = \"LOGIN\" }\nwebhook_signing_secret = { env = \"STANDARD\" }",
        api(("POST", "/v1/sms/messages"), Header("authorization", "Bearer good"), (202, r#"{"id":"{id}"}"#)),
        "sms_{n}",
        report(
            "{hook}",
            JSON,
            r#"{"type":"sms.{word}","timestamp":"2026-11-21T03:00:05Z","data":{"sms_id":"{id}","workspace_id":"ws_1","metadata":{"send":"{ref}"}}}"#,
            ["sent", "delivered"],
            Sign::Standard,
        ),
    )
    .lost(Again)
    .refused(422, r#"{"type":"validation_error","code":"invalid_recipient","message":"no"}"#, "invalid"),
    row(
        "bird-channels",
        "provider = \"bird_channels\"\nkind = \"sms\"\nworkspace_id = \"5a1d2c3e-0000-4000-8000-000000000001\"\nchannel_id = \"614208aa-b153-4d5d-9989-000000000001\"\naccess_key = { env = \"LOGIN\" }\nsigning_key = { env = \"OTHER\" }",
        api(
            ("POST", "/workspaces/5a1d2c3e-0000-4000-8000-000000000001/channels/614208aa-b153-4d5d-9989-000000000001/messages"),
            Header("authorization", "AccessKey good"),
            (202, r#"{"id":"{id}","status":"accepted"}"#),
        ),
        "96a0b5fa-a986-453d-be5c-{n}",
        report(
            "{hook}",
            JSON,
            r#"{"service":"channels","event":"sms.outbound","payload":{"id":"{id}","channelId":"614208aa-b153-4d5d-9989-000000000001","reference":"{ref}","status":"{word}","receiver":{"contacts":[{"identifierKey":"phonenumber","identifierValue":"+{to}"}]}}}"#,
            ["sent", "delivered"],
            Sign::BirdChannels,
        ),
    )
    .refused(422, r#"{"code":"InvalidPayload","message":"no"}"#, "content"),
    row(
        "messagebird",
        "provider = \"messagebird\"\nkind = \"sms\"\nnumber = \"+447700900001\"\naccess_key = { env = \"LOGIN\" }\nsigning_key = { env = \"OTHER\" }",
        api(("POST", "/messages"), Header("authorization", "AccessKey good"), (201, r#"{"id":"{id}","direction":"mt","type":"sms"}"#)),
        "efa6405d518d4c0c88cc{n}",
        report(
            "{hook}/status?id={id}&reference={ref}&recipient={to}&status={word}&statusDatetime=2026-11-21T03%3A00%3A05%2B00%3A00",
            "",
            "",
            ["sent", "delivered"],
            Sign::MessageBird,
        ),
    )
    .refused(
        422,
        r#"{"errors":[{"code":9,"description":"no (correct) recipients found","parameter":"recipients"}]}"#,
        "invalid",
    ),
    row(
        "bandwidth",
        "provider = \"bandwidth\"\nkind = \"sms\"\nnumber = \"+15005550006\"\naccount_id = \"9900000\"\napplication_id = \"93de2206-9669-4e07-948d-329f4b722ee2\"\nusername = \"user\"\npassword = { env = \"LOGIN\" }\ncallback_user = \"h\"\ncallback_password = { env = \"OTHER\" }",
        api(
            ("POST", "/api/v2/users/9900000/messages"),
            Header("authorization", "Basic dXNlcjpnb29k"),
            (202, r#"{"id":"{id}","segmentCount":1,"direction":"out"}"#),
        ),
        "158922807{n}",
        report(
            "{hook}",
            JSON,
            r#"[{"type":"message-{word}","time":"2026-11-21T03:00:00.000Z","description":"x","to":"+{to}","message":{"id":"{id}","owner":"+15005550006","direction":"out","to":["+{to}"],"from":"+15005550006","text":"","tag":"{ref}"}}]"#,
            ["sending", "delivered"],
            Sign::Basic,
        ),
    )
    .refused(
        400,
        r#"{"type":"request-validation","description":"bad","fieldErrors":[{"fieldName":"to","description":"invalid"}]}"#,
        "invalid",
    ),
    row(
        "plivo",
        "provider = \"plivo\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nauth_id = \"MA0123456789ABCDEFGH\"\nauth_token = { env = \"LOGIN\" }",
        api(
            ("POST", "/v1/Account/MA0123456789ABCDEFGH/Message/"),
            Header("authorization", "Basic TUEwMTIzNDU2Nzg5QUJDREVGR0g6Z29vZA=="),
            (202, r#"{"api_id":"1","message":"message(s) queued","message_uuid":["{id}"]}"#),
        ),
        "2aa2f0e0-0000-4000-8000-{n}",
        report(
            "{hook}/status?send={ref}",
            FORM,
            "From=447700900001&To={to}&Status={word}&MessageUUID={id}&ParentMessageUUID={id}&PartInfo=1+of+1&Type=sms&Units=1",
            ["sent", "delivered"],
            Sign::Plivo,
        ),
    )
    .refused(400, r#"{"api_id":"x","error":"dst parameter not present"}"#, "content"),
    row(
        "telnyx",
        "provider = \"telnyx\"\nkind = \"sms\"\nnumber = \"+447700900001\"\napi_key = { env = \"LOGIN\" }\npublic_key = \"{ed25519}\"",
        api(
            ("POST", "/v2/messages"),
            Header("authorization", "Bearer good"),
            (200, r#"{"data":{"record_type":"message","direction":"outbound","id":"{id}","to":[{"status":"queued"}],"parts":1}}"#),
        ),
        "7ee4241c-f127-47e5-9c34-{n}",
        report(
            "{hook}/status?send={ref}",
            JSON,
            r#"{"data":{"event_type":"message.finalized","id":"e1","payload":{"id":"{id}","record_type":"message","direction":"outbound","type":"SMS","from":{"phone_number":"+447700900001"},"to":[{"phone_number":"+{to}","status":"{word}"}],"errors":[]},"record_type":"event"}}"#,
            ["sent", "delivered"],
            Sign::Telnyx,
        ),
    )
    .lost(Again)
    .throttled(429, r#"{"errors":[{"code":"10011","title":"Too many requests"}]}"#)
    .refused(422, r#"{"errors":[{"code":"10016","title":"Phone number must be in +E.164 format"}]}"#, "invalid"),
    row(
        "infobip",
        "provider = \"infobip\"\nkind = \"sms\"\nnumber = \"+447700900001\"\napi_key = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        api(
            ("POST", "/sms/3/messages"),
            Header("authorization", "App good"),
            (200, r#"{"messages":[{"messageId":"{id}","status":{"groupId":1,"groupName":"PENDING","id":26,"name":"PENDING_ACCEPTED"}}]}"#),
        ),
        "0191e180-7d60-7000-aded-{n}",
        report(
            "{hook}/status",
            JSON,
            r#"{"results":[{"messageId":"{id}","to":"{to}","from":"447700900001","callbackData":"{ref}","status":{"groupName":"{word}"},"error":{"groupId":0,"groupName":"OK","id":0,"name":"NO_ERROR","permanent":false}}]}"#,
            ["PENDING", "DELIVERED"],
            Sign::Nothing,
        ),
    )
    .lost(Again)
    .throttled(429, r#"{"requestError":{"serviceException":{"messageId":"TOO_MANY_REQUESTS","text":"Too many requests"}}}"#)
    .refused(
        200,
        r#"{"messages":[{"messageId":"1","status":{"groupId":5,"groupName":"REJECTED","id":52,"name":"REJECTED_DESTINATION","description":"x"}}]}"#,
        "invalid",
    ),
    row(
        "infobip-whatsapp",
        "provider = \"infobip\"\nkind = \"whatsapp\"\nnumber = \"+447700900002\"\napi_key = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        api(
            ("POST", "/whatsapp/1/message/text"),
            Header("authorization", "App good"),
            (200, r#"{"to":"1","messageCount":1,"messageId":"{id}","status":{"groupId":1,"groupName":"PENDING","id":7,"name":"PENDING_ENROUTE"}}"#),
        ),
        "0191e180-7d60-7000-adee-{n}",
        report(
            "{hook}/status",
            JSON,
            r#"{"results":[{"messageId":"{id}","to":"{to}","from":"447700900002","channel":"WHATSAPP","callbackData":"{ref}","status":{"groupName":"{word}"},"error":{"groupId":0,"groupName":"OK","id":0,"name":"NO_ERROR","permanent":false}}]}"#,
            ["PENDING", "DELIVERED"],
            Sign::Nothing,
        ),
    )
    .refused(400, "{}", "content"),
    row(
        "sinch",
        "provider = \"sinch\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nservice_plan_id = \"plan-for-tests\"\napi_token = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        api(("POST", "/xms/v1/plan-for-tests/batches"), Header("authorization", "Bearer good"), (201, r#"{"id":"{id}","canceled":false}"#)),
        "01FC66621XXXXX{n}",
        report(
            "{hook}/status",
            JSON,
            r#"{"type":"recipient_delivery_report_sms","batch_id":"{id}","recipient":"{to}","code":0,"status":"{word}","at":"2026-11-21T03:00:05.000Z","client_reference":"{ref}"}"#,
            ["Dispatched", "Delivered"],
            Sign::Nothing,
        ),
    )
    .refused(400, "{}", "content")
    .lost(Asked)
    .looked_up("/xms/v1/plan-for-tests/batches", r#"{"count":1,"page":0,"page_size":1,"batches":[{"id":"{id}","client_reference":"{ref}"}]}"#),
    row(
        "sinch-whatsapp",
        "provider = \"sinch\"\nkind = \"whatsapp\"\nproject_id = \"project-for-tests\"\napp_id = \"01EB37HMH1M6SV18BSNS3G135H\"\nkey_id = \"key-for-tests\"\nkey_secret = { env = \"LOGIN\" }\nsigning_secret = { env = \"OTHER\" }",
        api(
            ("POST", "/v1/projects/project-for-tests/messages:send"),
            Header("authorization", "Basic a2V5LWZvci10ZXN0czpnb29k"),
            (200, r#"{"message_id":"{id}","accepted_time":"2026-11-21T03:00:05Z"}"#),
        ),
        "01EQBC1A3BEK73{n}",
        report(
            "{hook}",
            JSON,
            r#"{"app_id":"01EB37HMH1M6SV18BSNS3G135H","project_id":"project-for-tests","event_time":"2026-11-21T03:00:05Z","message_delivery_report":{"message_id":"{id}","status":"{word}","channel_identity":{"channel":"WHATSAPP","identity":"{to}","app_id":""},"metadata":"{ref}"},"message_metadata":"{ref}"}"#,
            ["QUEUED_ON_CHANNEL", "DELIVERED"],
            Sign::Sinch,
        ),
    )
    .refused(400, "{}", "content"),
    row(
        "gupshup",
        "provider = \"gupshup\"\nkind = \"whatsapp\"\nnumber = \"+447700900001\"\napp = \"DemoApp\"\napi_key = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        api(("POST", "/wa/api/v1/msg"), Header("apikey", "good"), (202, r#"{"status":"submitted","messageId":"{id}"}"#)),
        "59f8db90-c37e-4408-90ab-{n}",
        nameless(report(
            "{hook}",
            JSON,
            r#"{"app":"DemoApp","timestamp":1795230005370,"version":2,"type":"message-event","payload":{"id":"wa{id}","gsId":"{id}","type":"{word}","destination":"{to}","payload":{"ts":1795230005}}}"#,
            ["sent", "delivered"],
            Sign::Nothing,
        )),
    )
    .throttled(429, r#"{"status":"error","message":"Too Many Requests"}"#)
    .refused(400, r#"{"status":"error","message":"Invalid Destination"}"#, "unknown"),
    row(
        "dialog360",
        "provider = \"360dialog\"\nkind = \"whatsapp\"\napi_key = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        api(
            ("POST", "/messages"),
            Header("d360-api-key", "good"),
            (200, r#"{"messaging_product":"whatsapp","contacts":[{"input":"1","wa_id":"1"}],"messages":[{"id":"{id}"}]}"#),
        ),
        "wamid.X{n}",
        report("{hook}", JSON, STATUSES, ["sent", "delivered"], Sign::Nothing),
    )
    .refused(400, r#"{"error":{"message":"Message undeliverable","type":"OAuthException","code":131026}}"#, "unreachable"),
    row(
        "africastalking",
        "provider = \"africastalking\"\nkind = \"sms\"\nnumber = \"21512\"\nusername = \"myapp\"\napi_key = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        api(
            ("POST", "/version1/messaging"),
            Header("apikey", "good"),
            (201, r#"{"SMSMessageData":{"Message":"Sent to 1/1","Recipients":[{"statusCode":101,"number":"1","status":"Success","cost":"KES 0.8000","messageId":"{id}"}]}}"#),
        ),
        "ATXid_{n}",
        nameless(report(
            "{hook}",
            FORM,
            "id={id}&status={word}&phoneNumber=%2B{to}&networkCode=63902&retryCount=0",
            ["Sent", "Success"],
            Sign::Nothing,
        )),
    )
    .refused(
        201,
        r#"{"SMSMessageData":{"Message":"Sent to 0/1 Total Cost: 0","Recipients":[{"statusCode":403,"number":"1","status":"InvalidPhoneNumber","cost":"0","messageId":"None"}]}}"#,
        "invalid",
    ),
    row(
        "kannel",
        "provider = \"kannel\"\nkind = \"sms\"\nnumber = \"2020\"\nusername = \"u\"\npassword = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        api(("GET", "/cgi-bin/sendsms"), Within("password=good"), (202, "0: Accepted for delivery")),
        "",
        report("{hook}/status?id={ref}&status={word}", "", "", ["8", "1"], Sign::Nothing),
    )
    .refused(400, "Malformed request", "unknown"),
    row(
        "jasmin",
        "provider = \"jasmin\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nusername = \"u\"\npassword = { env = \"LOGIN\" }\nwebhook_secret = { env = \"OTHER\" }",
        api(("GET", "/send"), Within("password=good"), (200, "Success \"{id}\"")),
        "07033084-5cfd-4812-90a4-{n}",
        report(
            "{hook}/status?send={ref}",
            FORM,
            "id={id}&level=2&message_status={word}&connector=smppc1&id_smsc=9&sub=001&err=000&text=",
            ["ACCEPTD", "DELIVRD"],
            Sign::Nothing,
        ),
    )
    .throttled(403, r#"Error "User throughput exceeded""#)
    .refused(400, r#"Error "Argument [to] has an invalid value""#, "unknown"),
    row(
        "aws",
        "provider = \"aws\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nregion = \"eu-west-1\"\naccess_key_id = \"AKIAGOOD\"\nsecret_access_key = { env = \"OTHER\" }\nsns_topics = [\"arn:aws:sns:eu-west-1:123456789012:twoway\"]\nwebhook_secret = { env = \"OTHER\" }",
        api(
            ("POST", "/"),
            Begins("authorization", "AWS4-HMAC-SHA256 Credential=AKIAGOOD/"),
            (200, r#"{"MessageId":"{id}"}"#),
        ),
        "m-{n}",
        report(
            "{hook}",
            JSON,
            r#"{"eventType":"TEXT_{word}","eventVersion":"1.0","eventTimestamp":1795230005000,"isFinal":true,"originationPhoneNumber":"+447700900001","destinationPhoneNumber":"+{to}","messageId":"{id}","messageStatus":"{word}","context":{"ref":"{ref}"}}"#,
            ["SENT", "DELIVERED"],
            Sign::Topic,
        ),
    )
    .throttled(400, r#"{"__type":"ThrottlingException","Message":"x"}"#)
    .refused(400, r#"{"__type":"ConflictException","Reason":"DESTINATION_PHONE_NUMBER_OPTED_OUT"}"#, "opted_out"),
    row(
        "http",
        "provider = \"http\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nwebhook_secret = { env = \"OTHER\" }\nsend = { url = \"{fake}/send\", format = \"json\", body = '{\"to\":{{to}},\"text\":{{text}},\"id\":{{id}}}', headers = { Authorization = { env = \"LOGIN\" } } }\nanswer = { id = \"id\" }\ninbound = { from = \"from\", text = \"text\" }\nreport = { id = \"id\" }",
        api(("POST", "/send"), Header("authorization", "good"), (200, r#"{"ok":true,"id":"{id}"}"#)),
        "gw-{n}",
        report("{hook}/{word}", FORM, "id={ref}", ["sent", "delivered"], Sign::Nothing),
    ),
];
