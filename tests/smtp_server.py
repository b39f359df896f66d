"""A mail server for tests: writes what it takes into a folder, and misbehaves as the receiver's address says.

    reject@     550 5.1.1 at RCPT            later-2@   451 at RCPT twice, then taken
    full@       552 5.2.2 at RCPT            spam@      554 5.7.1 after the content
    slow-300@   answers the content after 300 ms
    drop@       takes the content and hangs up without a word
    vanish@     hangs up at RCPT

Prints `listening PORT`. Needs aiosmtpd (Debian: python3-aiosmtpd).
"""

import argparse
import asyncio
import json
import os
import ssl
from collections import Counter

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, folder):
        self.folder = folder
        self.seen = Counter()

    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.split("@")[0].lower()
        word, _, number = local.partition("-")
        self.seen[address] += 1
        if word == "reject":
            return "550 5.1.1 <%s>: no such user" % address
        if word == "full":
            return "552 5.2.2 <%s>: mailbox is full" % address
        if word == "later" and self.seen[address] <= int(number):
            return "451 4.7.1 <%s>: come back later" % address
        if word == "vanish":
            server.transport.abort()
            return "421 gone"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        local = envelope.rcpt_tos[0].split("@")[0].lower()
        word, _, number = local.partition("-")
        if word == "spam":
            return "554 5.7.1 this looks like spam"
        if word == "slow":
            await asyncio.sleep(int(number) / 1000)
        self.keep(session, envelope)
        if word == "drop":
            server.transport.abort()
        return "250 2.0.0 Ok: queued"

    def keep(self, session, envelope):
        number = len([name for name in os.listdir(self.folder) if name.endswith(".json")])
        mail = {
            "number": number,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "encrypted": session.ssl is not None,
            "raw": envelope.content.decode("latin-1"),
        }
        # A reader never sees half of one.
        path = os.path.join(self.folder, "%06d.json" % number)
        with open(path + ".part", "w") as file:
            json.dump(mail, file)
        os.rename(path + ".part", path)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--folder", required=True)
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--cert")
    arguments.add_argument("--key")
    arguments.add_argument("--user")
    arguments.add_argument("--password")
    given = arguments.parse_args()
    tls = None
    if given.cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(given.cert, given.key)

    def authenticator(server, session, envelope, mechanism, data):
        right = data.login.decode() == given.user and data.password.decode() == given.password
        return AuthResult(success=right, auth_data=data if right else None, handled=right)

    handler = Handler(given.folder)

    def serve():
        return SMTP(
            handler,
            hostname="mail.test",
            enable_SMTPUTF8=True,
            tls_context=tls,
            require_starttls=tls is not None,
            authenticator=authenticator if given.user else None,
            auth_required=given.user is not None,
            auth_require_tls=tls is not None,
        )

    async def run():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(serve, "127.0.0.1", given.port)
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    asyncio.run(run())


main()
