# SPDX-License-Identifier: Apache-2.0
"""Makes the link manager's calls of two domains: python3 vsock_client.py ECHO_SOCKET WEB_SOCKET."""
import http.client
import socket
import sys
import threading
import xmlrpc.client


def manager(path):
    class Connection(http.client.HTTPConnection):
        def connect(self):
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.connect(path)

    class Transport(xmlrpc.client.Transport):
        def make_connection(self, host):
            return Connection("xend")

    return xmlrpc.client.ServerProxy("http://xend/RPC2", transport=Transport(), allow_none=True)


def fault(call, *args):
    try:
        call(*args)
    except xmlrpc.client.Fault as found:
        return found.faultString
    raise AssertionError("no fault")


echo, web = manager(sys.argv[1]), manager(sys.argv[2])

near = web.idc_connect("echo", 7)
assert web.send(near, xmlrpc.client.Binary(b"hello")) == 5
assert web.recv(near, 100).data == b"hello"
web.idc_disconnect(near)

web.listen(4000)
taken = []
waiting = threading.Thread(target=lambda: taken.extend(manager(sys.argv[2]).accept(4000)))
waiting.start()
# The one that waits holds no other up.
again = web.idc_connect("echo", 7)
near = echo.idc_connect("web", 4000)
waiting.join()
far, _domid = taken
assert web.send(far, "text too") == 8
assert echo.recv(near).data == b"text too"
echo.idc_disconnect(near)
assert web.recv(far).data == b""
web.idc_disconnect(far)
web.idc_disconnect(again)
web.unlisten(4000)

assert "refuses connections to port 4000" in fault(echo.idc_connect, "web", 4000)
assert "There is no connection" in fault(echo.send, near, "x")
assert "is not supported" in fault(echo.constructor)
assert "may not talk" in fault(echo.idc_connect, 99, 1)
assert "There is no port" in fault(echo.listen, -1)
print("all well")
