"""What Kamailio asks a KRYPTON wallet service: registration, permission, vouchers, and the end of calls.

For Kamailio 5.6 and newer with app_python3; Python 3.9 and newer, and nothing but its standard library. The wallet
service decides, this obeys: it fails closed, so where no wallet service answers nobody registers and no call begins.

The file krypton_register.json beside this one says where the wallet service is:

    {"url": "http://127.0.0.1:5080", "secret": "..."}

In a kamailio.cfg of your own, in routes that run in an async worker (async_task_group_route), so that no SIP worker
waits:

    modparam("app_python3", "load", "/etc/kamailio/krypton_register.py")

    REGISTER   if (!python_exec("krypton_register")) exit;    # refused, and answered
               save("location");                              # the 200 carries what the phone is told

    INVITE     $avp(sender) = "user";                         # or "gateway": you know who it is
               if (!python_exec("krypton_call")) exit;        # refused, and answered
               dlg_manage(); $dlg_var(krypton) = $avp(krypton_call);
               dlg_set_timeout("$avp(krypton_max)");          # seconds; the wallet service gives more while they are paid
               # $avp(krypton_target) is "user" or "gateway", $avp(krypton_called) who, $avp(krypton_gateway) by which
               # $avp(krypton_wakes) is 1 where phones of the user's may sleep: the kit's ring.cfg wakes them

    INFO       python_exec("krypton_voucher");                # application/krypton-voucher+json, answered here

    reports    mq_add("krypton", "answered", "$dlg_var(krypton) $dlg(h_entry) $dlg(h_id) $TV(Sn)");  # dialog:start
               acc_json with cdr_output_mqueue "krypton" and callId=$dlg_var(krypton) in its cdr_extra
               rtimer: python_exec("krypton_report");

The wallet service hangs up by JSON-RPC (dlg.end_dlg) and gives calls more time: event_route[xhttp:request] of the kit's
listen.cfg shows both. In a KEMI script of your own, make a Krypton() and call the same methods.
"""

import http.client
import json
import os
from urllib.parse import urlsplit

import KSR

# A chain node that is asked answers within a second or two; a phone waits longer than this.
TIMEOUT_S = 4
# Reports that are told together, and how often before the timer's next turn.
REPORTS_AT_ONCE, ROUNDS = 100, 20

REGISTER_HEADERS = {
    "provider": "X-Krypton-Provider",
    "network": "X-Krypton-Network",
    "contract": "X-Krypton-Contract",
    "token": "X-Krypton-Token",
    "key": "X-Krypton-Key",
    "signature": "X-Krypton-Signature",
    "form": "X-Krypton-Signature-Form",
    "salt": "X-Krypton-Signature-Salt",
    "delegation": "X-Krypton-Delegation",
    "session": "X-Krypton-Session",
    "push": "X-Krypton-Push",
}

ALLOWED, REFUSED = 1, -1


class Unavailable(Exception):
    """The wallet service does not answer, or fails."""


class Failed(Unavailable):
    """It answers, and fails at this very question."""


class Krypton:
    def __init__(self, settings=None):
        if settings is None:
            path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "krypton_register.json")
            with open(path, encoding="utf-8") as file:
                settings = json.load(file)
        self.address = urlsplit(settings["url"])
        self.secret = settings["secret"]
        self.connection = None
        # Reports that were taken from the queue and are not told yet.
        self.untold = []

    def child_init(self, rank):
        """Each process of Kamailio has a connection of its own."""
        self.connection = None
        return 0

    # ---- what Kamailio calls

    def krypton_register(self, msg):
        """A REGISTER: allowed, and its answer prepared; or refused, and answered."""
        question = {
            "user": text("$fU"),
            "connection": connection(),
            "device": instance(),
            "headers": {name: text("$hdr(%s)" % header) or None for name, header in REGISTER_HEADERS.items()},
        }
        try:
            answer = self.ask("/register", question)
        except Unavailable as error:
            return unavailable(error)
        if answer["allowed"]:
            append(answer["headers"])
            return ALLOWED
        return refuse(answer)

    def krypton_call(self, msg):
        """An INVITE or MESSAGE of a sender that is known: allowed, and told where it goes; or refused, and answered."""
        if text("$avp(sender)") == "gateway":
            sender = {"kind": "gateway", "number": text("$fU") or "anonymous"}
        elif text("$avp(sender)") == "provider":
            sender = {"kind": "provider", "user": text("$fU"), "identity": text("$hdr(Identity)")}
        else:
            sender = {"kind": "user", "user": text("$fU")}
        question = {
            "method": text("$rm"),
            "callId": text("$ci"),
            "fromTag": text("$ft"),
            # of the transaction, which nobody but Kamailio gives: a Call-ID and a tag may come again
            "request": "%s:%s" % (text("$T(id_index)"), text("$T(id_label)")),
            "sender": sender,
            "called": text("$rU"),
            "escrow": text("$hdr(X-Krypton-Escrow)") or None,
            "voucher": text("$hdr(X-Krypton-Voucher)") or None,
        }
        try:
            answer = self.ask("/call", question)
        except Unavailable as error:
            return unavailable(error)
        if not answer["allowed"]:
            return refuse(answer)
        target = answer["target"]
        if target["kind"] == "gateway" and not answer["gateways"]:
            return refuse({"status": 503, "phrase": "No Gateway", "headers": {"X-Krypton-Reason": "noGateway"}})
        KSR.pv.sets("$avp(krypton_call)", answer["callId"])
        KSR.pv.seti("$avp(krypton_max)", answer["maxSeconds"])
        KSR.pv.seti("$avp(krypton_charged)", 1 if answer["isCharged"] else 0)
        KSR.pv.sets("$avp(krypton_target)", target["kind"])
        KSR.pv.sets("$avp(krypton_called)", target["number"] if target["kind"] == "gateway" else target["user"])
        KSR.pv.seti("$avp(krypton_wakes)", 1 if answer.get("wakes") else 0)
        if answer.get("elsewhere"):
            KSR.pv.sets("$avp(krypton_elsewhere)", answer["elsewhere"]["uri"])
            KSR.pv.sets("$avp(krypton_identity)", answer["elsewhere"]["identity"])
        for gateway in reversed(answer["gateways"]):  # an AVP is a stack: the preferred one is put on it last
            KSR.pv.sets("$avp(krypton_gateway)", gateway)
        return ALLOWED

    def krypton_voucher(self, msg):
        """An INFO with a voucher: answered."""
        try:
            answer = self.ask("/voucher", {"body": text("$rb")})
        except Unavailable as error:
            return unavailable(error)
        append(answer["headers"])
        KSR.tm.t_reply(answer["status"], answer["phrase"])
        return ALLOWED

    def krypton_report(self, msg):
        """
        Tells what is in the queue, in order: an answer that is told after the end counts for nothing. While the wallet
        service is away the first ones wait, and all others behind them; one that it fails at goes to the end of the queue.
        """
        for _ in range(ROUNDS):
            self.fetch_reports()
            if not self.untold:
                return ALLOWED
            try:
                results = self.ask("/reports", {"reports": [each for _, each in self.untold]})["results"]
            except Unavailable as error:
                KSR.warn("krypton: reports are kept: %s\n" % error)
                return ALLOWED
            failed = [item for (item, _), result in zip(self.untold, results) if result == "failed"]
            self.untold = []
            for item in failed:
                KSR.warn("krypton: a report is kept that the wallet service fails at: %s %s\n" % item)
                KSR.mqueue.mq_add("krypton", *item)
            if failed:
                return ALLOWED
        return ALLOWED

    def fetch_reports(self):
        while len(self.untold) < REPORTS_AT_ONCE and KSR.mqueue.mq_fetch("krypton") >= 0:
            item = text("$mqk(krypton)"), text("$mqv(krypton)")
            KSR.mqueue.mq_pv_free("krypton")
            try:
                self.untold.append((item, report(*item)))
            except ValueError as error:
                KSR.err("krypton: a report that can't be read is dropped: %s: %s\n" % (error, item[1]))

    # ---- the wallet service

    def ask(self, path, question):
        """The wallet service's answer. Each question may be asked twice: the connection that was kept may be gone."""
        body = json.dumps(question).encode()
        headers = {"Content-Type": "application/json", "Authorization": "Bearer " + self.secret}
        for is_last in (False, True):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(
                        self.address.hostname, self.address.port, timeout=TIMEOUT_S
                    )
                self.connection.request("POST", path, body, headers)
                response = self.connection.getresponse()
                answer = response.read()
                if response.status != 200:
                    raise Failed("%s: status %d: %s" % (path, response.status, answer[:200]))
                return json.loads(answer)
            except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
                self.connection = None
                if is_last:
                    raise Unavailable("%s: %s" % (path, error)) from error


# ---- SIP


def text(variable):
    """What a pseudo-variable holds; empty where it is null."""
    value = KSR.pv.get(variable)
    return "" if value is None or value == "<null>" else str(value)


def connection():
    """The WebSocket or TCP connection; over UDP, address and port."""
    name = "%s:%s:%s" % (text("$proto"), text("$si"), text("$sp"))
    number = text("$conid")
    return "%s#%s" % (name, number) if number else name


def instance():
    """+sip.instance of the Contact (RFC 5626): the same for each registration of a device."""
    _, found, rest = text("$ct").partition('+sip.instance="')
    return rest.partition('"')[0] if found else None


def append(headers):
    for name, value in headers.items():
        if "\r" not in value and "\n" not in value:
            KSR.hdr.append_to_reply("%s: %s\r\n" % (name, value))


def refuse(answer):
    append(answer["headers"])
    KSR.tm.t_reply(answer["status"], answer["phrase"])
    return REFUSED


def unavailable(error):
    KSR.err("krypton: %s\n" % error)
    return refuse(
        {"status": 503, "phrase": "Wallet Service Unavailable", "headers": {"X-Krypton-Reason": "walletUnavailable"}}
    )


def report(key, value):
    """A report of the queue, as the wallet service takes it."""
    if key == "answered":
        call_id, entry, number, at = value.split(" ")
        return {"kind": "answered", "callId": call_id, "entry": int(entry), "id": int(number), "at": at}
    if key == "lost":
        call_id, at = value.split(" ")
        return {"kind": "lost", "callId": call_id, "at": at}
    if key == "back":
        return {"kind": "back", "callId": value}
    if key == "wake":
        call_id, user, at, whom = value.split(" ")
        return {"kind": "wake", "callId": call_id, "user": user, "at": at, "wakesAll": whom == "all"}
    if key == "message":
        call_id, at, status = value.split(" ")
        return ended(call_id, at, status, "caller")
    if key == "hungUp":
        call_id, at, by = value.split(" ")
        return ended(call_id, at, "200", by)
    record = json.loads(value)
    if not isinstance(record, dict):
        raise ValueError("no record of a call")
    return {**record, "kind": "ended"}


def ended(call_id, at, status, by):
    moments = {"start_time": at, "end_time": at, "duration": "0"}
    return {"kind": "ended", "callId": call_id, **moments, "status": status, "by": by}


def mod_init():
    return Krypton()
