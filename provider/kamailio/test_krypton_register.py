"""krypton_register.py against a Kamailio and a wallet service that are none. Run: python3 -m unittest (in this folder)."""

import http.server
import json
import os
import sys
import threading
import types
import unittest


class FakeKamailio(types.ModuleType):
    """Pseudo-variables as a dictionary, and what was answered."""

    def __init__(self):
        super().__init__("KSR")
        self.reset()
        self.pv = types.SimpleNamespace(get=self.variables.get, sets=self.put, seti=self.put)
        self.hdr = types.SimpleNamespace(append_to_reply=lambda line: self.headers.append(line))
        self.tm = types.SimpleNamespace(t_reply=lambda status, phrase: self.replies.append((status, phrase)))
        self.mqueue = types.SimpleNamespace(
            mq_fetch=self.fetch, mq_pv_free=lambda name: 1, mq_add=lambda name, *item: self.queue.append(item)
        )
        self.err = self.warn = lambda text: self.log.append(text)

    def reset(self):
        self.variables, self.avps, self.headers, self.replies, self.queue, self.log = {}, {}, [], [], [], []
        if hasattr(self, "pv"):
            self.pv.get = self.variables.get

    def put(self, name, value):
        self.avps.setdefault(name, []).append(value)

    def fetch(self, name):
        if not self.queue:
            return -1
        key, value = self.queue.pop(0)
        self.variables.update({"$mqk(krypton)": key, "$mqv(krypton)": value})
        return 1


KSR = sys.modules["KSR"] = FakeKamailio()
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "files"))
import krypton_register  # noqa: E402


class WalletService(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers, asked, statuses = {}, [], []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        question = json.loads(body)
        WalletService.asked.append((self.path, question, self.headers["Authorization"]))
        taken = {"results": ["recorded" for _ in question.get("reports", [])]}
        text = json.dumps(WalletService.answers.get(self.path, taken)).encode()
        self.send_response(WalletService.statuses.pop(0) if WalletService.statuses else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Case(unittest.TestCase):
    def setUp(self):
        KSR.reset()
        WalletService.answers, WalletService.asked, WalletService.statuses = {}, [], []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), WalletService)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        url = "http://127.0.0.1:%d" % self.server.server_port
        self.krypton = krypton_register.Krypton({"url": url, "secret": "s3cret"})

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def test_register_asks_with_all_that_the_phone_shows(self):
        KSR.variables.update({
            "$fU": "Nuser", "$proto": "ws", "$si": "192.0.2.7", "$sp": 4711, "$conid": 3,
            "$hdr(X-Krypton-Token)": "uuid", "$hdr(X-Krypton-Session)": "<null>",
            "$ct": '<sip:x@y.invalid>;+sip.instance="<urn:uuid:1>";expires=600',
        })
        WalletService.answers["/register"] = {"allowed": True, "headers": {"X-Krypton-Session": "secret"}}
        self.assertEqual(self.krypton.krypton_register(None), 1)
        [(path, question, authorization)] = WalletService.asked
        self.assertEqual((path, authorization), ("/register", "Bearer s3cret"))
        self.assertEqual(question["connection"], "ws:192.0.2.7:4711#3")
        self.assertEqual(question["device"], "<urn:uuid:1>")
        self.assertEqual(question["headers"]["token"], "uuid")
        self.assertIsNone(question["headers"]["session"])
        self.assertEqual((KSR.headers, KSR.replies), (["X-Krypton-Session: secret\r\n"], []))

    def test_a_refusal_is_answered_with_its_headers(self):
        refused = {"allowed": False, "status": 401, "phrase": "Sign", "headers": {"X-Krypton-Nonce": "n", "X-Evil": "a\r\nb"}}
        WalletService.answers["/register"] = refused
        self.assertEqual(self.krypton.krypton_register(None), -1)
        self.assertEqual((KSR.headers, KSR.replies), (["X-Krypton-Nonce: n\r\n"], [(401, "Sign")]))

    def test_a_call_is_told_where_it_goes(self):
        KSR.variables.update({"$rm": "INVITE", "$ci": "c", "$ft": "t", "$fU": "Nuser", "$rU": "+31", "$avp(sender)": "user"})
        WalletService.answers["/call"] = {
            "allowed": True, "callId": "c", "maxSeconds": 300, "isCharged": True,
            "target": {"kind": "gateway", "number": "+31"}, "gateways": ["sip:one", "sip:two"],
        }
        self.assertEqual(self.krypton.krypton_call(None), 1)
        self.assertEqual(WalletService.asked[0][1]["sender"], {"kind": "user", "user": "Nuser"})
        self.assertEqual(KSR.avps["$avp(krypton_gateway)"], ["sip:two", "sip:one"])  # a stack
        self.assertEqual(KSR.avps["$avp(krypton_max)"], [300])
        self.assertEqual(KSR.avps["$avp(krypton_called)"], ["+31"])

    def test_a_call_to_a_number_without_gateway_is_refused(self):
        WalletService.answers["/call"] = {
            "allowed": True, "callId": "c", "maxSeconds": 1, "isCharged": True, "target": {"kind": "gateway", "number": "+31"}, "gateways": [],
        }
        self.assertEqual(self.krypton.krypton_call(None), -1)
        self.assertEqual(KSR.replies, [(503, "No Gateway")])

    def test_it_fails_closed(self):
        for statuses in ([500], [401]):
            WalletService.statuses = statuses
            self.assertEqual(self.krypton.krypton_register(None), -1)
        self.server.shutdown()
        self.server.server_close()
        self.krypton.connection = None
        self.assertEqual(self.krypton.krypton_call(None), -1)
        self.assertEqual([status for status, _ in KSR.replies], [503, 503, 503])

    def test_a_kept_connection_that_is_gone_is_made_anew(self):
        WalletService.answers["/register"] = {"allowed": True, "headers": {}}
        self.assertEqual(self.krypton.krypton_register(None), 1)
        self.krypton.connection.sock.close()
        self.assertEqual(self.krypton.krypton_register(None), 1)

    def told(self):
        return [report for _, body, _ in WalletService.asked for report in body.get("reports", [])]

    def test_reports_are_told_together_in_order_and_kept_until_they_are_taken(self):
        ended = {"callId": "c", "start_time": "1795642200.125", "end_time": "1795642206.126", "duration": "6.001",
                 "status": "200", "by": "caller"}
        KSR.queue = [("answered", "c 12 34 1795642200.125000"), ("cdr", json.dumps(ended))]
        address, self.krypton.address = self.krypton.address, krypton_register.urlsplit("http://127.0.0.1:1")
        self.krypton.krypton_report(None)  # the wallet service is away
        KSR.queue.append(("back", "d"))
        self.krypton.krypton_report(None)
        self.krypton.address = address
        WalletService.statuses = [500]
        self.krypton.krypton_report(None)  # and fails at all of them
        self.krypton.krypton_report(None)
        self.assertEqual(KSR.queue, [])
        self.assertEqual(len(WalletService.asked), 2)
        self.assertEqual(self.told()[3:], [
            {"kind": "answered", "callId": "c", "entry": 12, "id": 34, "at": "1795642200.125000"},
            {"kind": "ended", **ended},
            {"kind": "back", "callId": "d"},
        ])

    def test_of_many_reports_none_is_left(self):
        KSR.queue = [("back", str(n)) for n in range(1001)]
        self.krypton.krypton_report(None)
        self.assertEqual([report["callId"] for report in self.told()], [str(n) for n in range(1001)])

    def test_a_report_that_the_wallet_service_fails_at_blocks_nothing(self):
        KSR.queue = [("lost", "c 1795642200.125000"), ("back", "d")]
        WalletService.answers["/reports"] = {"results": ["failed", "known"]}
        self.krypton.krypton_report(None)
        self.assertEqual(KSR.queue, [("lost", "c 1795642200.125000")])
        del WalletService.answers["/reports"]
        self.krypton.krypton_report(None)
        self.assertEqual([report["kind"] for report in self.told()], ["lost", "back", "lost"])

    def test_a_charged_message_is_a_call_of_no_seconds(self):
        KSR.queue = [("message", "c 1795642200.125000 200")]
        self.krypton.krypton_report(None)
        at = "1795642200.125000"
        self.assertEqual(self.told(), [{"kind": "ended", "callId": "c", "start_time": at, "end_time": at, "duration": "0",
                                        "status": "200", "by": "caller"}])

    def test_a_phone_that_is_cut_off_and_comes_back(self):
        KSR.queue = [("lost", "c 1795642200.125000"), ("back", "c")]
        self.krypton.krypton_report(None)
        self.assertEqual(self.told(), [
            {"kind": "lost", "callId": "c", "at": "1795642200.125000"}, {"kind": "back", "callId": "c"}])

    def test_a_call_that_waits_for_a_sleeping_phone(self):
        KSR.variables.update({"$rm": "INVITE", "$ci": "c", "$ft": "t", "$fU": "Nuser", "$rU": "Nother", "$avp(sender)": "user"})
        WalletService.answers["/call"] = {
            "allowed": True, "callId": "c", "maxSeconds": 300, "isCharged": False, "wakes": True,
            "target": {"kind": "user", "user": "Nother"}, "gateways": [],
        }
        self.assertEqual(self.krypton.krypton_call(None), 1)
        self.assertEqual(KSR.avps["$avp(krypton_wakes)"], [1])
        KSR.queue = [("wake", "c Nother 1795642200.125000 all"), ("wake", "c Nother 1795642200.125000 others")]
        self.krypton.krypton_report(None)
        wake = {"kind": "wake", "callId": "c", "user": "Nother", "at": "1795642200.125000"}
        self.assertEqual(self.told(), [{**wake, "wakesAll": True}, {**wake, "wakesAll": False}])

    def test_what_can_not_be_read_is_dropped_and_blocks_nothing(self):
        KSR.queue = [("answered", "words"), ("cdr", "{"), ("cdr", "1"), ("answered", "c 12 34 1795642200.125000")]
        self.krypton.krypton_report(None)
        self.assertEqual(KSR.queue, [])
        self.assertEqual([report["kind"] for report in self.told()], ["answered"])

    def test_a_voucher_is_answered(self):
        KSR.variables["$rb"] = "{}"
        WalletService.answers["/voucher"] = {"status": 403, "phrase": "No", "headers": {"X-Krypton-Reason": "badSignature"}}
        self.krypton.krypton_voucher(None)
        self.assertEqual((KSR.replies, KSR.headers), ([(403, "No")], ["X-Krypton-Reason: badSignature\r\n"]))
        self.assertEqual(WalletService.asked[0][1], {"body": "{}"})


if __name__ == "__main__":
    unittest.main()
