# SPDX-License-Identifier: Apache-2.0
"""Calls xend as programs of its time did: python3 xend_client.py SOCKET. Leaves with a stack trace where something differs."""
import http.client
import socket
import sys
import xmlrpc.client


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(sys.argv[1])


class UnixTransport(xmlrpc.client.Transport):
    def make_connection(self, host):
        return UnixConnection("xend")


def child(form, name):
    return next(item[1] for item in form if isinstance(item, list) and item[0] == name)


def fault(call, *args):
    try:
        call(*args)
    except xmlrpc.client.Fault as found:
        return found.faultCode, found.faultString
    raise AssertionError("no fault")


server = xmlrpc.client.ServerProxy("http://xend/RPC2", transport=UnixTransport(), allow_none=True)
xend = server.xend

ARGS = "a 'b' \"c\" <&>\\"
config = ["vm", ["name", "web"], ["memory", 32], ["image", ["js", ["kernel", "shell"], ["args", ARGS]]]]
made = xend.domain.create(config)
assert made[0] == "domain" and child(made, "name") == "web" and child(made, "state") == "--p---", made
domid = child(made, "domid")
assert isinstance(domid, int) and child(made, "memory") == 32
xend.domain.waitForDevices("web")
assert xend.domain.unpause(domid) is None
assert child(xend.domain(domid), "state") != "--p---"
record = xend.domain.lookup(domid, True)
assert child(record, "domid") == domid
assert child(child(record, "image"), "args") == ARGS, record

assert xend.domains(False) == ["Domain-0", "web"]
assert [child(form, "domid") for form in xend.domains()] == [0, domid]
assert child(xend.domain.lookup_nr("web"), "domid") == domid and xend.domain.lookup_nr("nobody") is None
assert xend.domain.getpauseflag(domid) == 0
assert xend.domain.pause(str(domid)) is None
assert xend.domain.setpauseflag(domid, True) is None and xend.domain.getpauseflag("web") == 1
assert xend.domain.setpauseflag(domid, False) is None
assert fault(xend.domain.setpauseflag, "nobody", True) == (3, "nobody")
assert xend.domains_with_state(False, "Paused", False) == ["web"]
assert xend.domains_with_state(False, "halted") == []
assert [child(form, "name") for form in xend.domains_with_state(True, "all")] == ["Domain-0", "web"]
xend.domain.unpause(domid)

device = xend.domain.device_create(domid, ["vbd", ["uname", "file:" + sys.argv[2]], ["dev", "xvda"], ["mode", "w"]])
assert device[0] == 51712 and child(device[1], "state") == 4, device
assert xend.domain.getDeviceSxprs(domid, "vbd") == [device]
assert xend.domain.getBlockDeviceClass(domid, 51712) == "vbd" == xend.domain.getBlockDeviceClass(domid, "/dev/xvda")
assert fault(xend.domain.getBlockDeviceClass, domid, "xvdb") == (2, "Device xvdb not connected")
driver = ["vm", ["name", "drv"], ["memory", 32], ["image", ["js", ["kernel", "idle"]]], ["backend", ["vbd"]]]
drv = child(xend.domain.create(driver), "domid")
xend.domain.unpause(drv)
moved = xend.domain.device_configure(domid, ["vbd", ["dev", "xvda"], ["mode", "w"], ["backend", "drv"]])
assert moved[0] == 51712 and child(moved[1], "state") == 4 and child(moved[1], "backend-id") == drv, moved
assert xend.domain.destroy(drv) is None
assert child(xend.domain.getDeviceSxprs(domid, "vbd")[0][1], "state") == 1
assert xend.domain.destroyDevice(domid, "vbd", "xvda", None, True) is None
assert xend.domain.getDeviceSxprs(domid, "vbd") == []

assert xend.domain.setVCpuCount(domid, 1) is None
assert fault(xend.domain.setVCpuCount, domid, 2)[0] == 2
vcpus = xend.domain.getVCPUInfo("web")
assert vcpus[:4] == ["domain", ["domid", domid], ["name", "web"], ["vcpu_count", 1]]
assert child(vcpus[4], "online") == 1
assert fault(xend.domain.pincpu, domid, 0, "1,") == (2, "cpumap must be numbers with commas between them")
assert fault(xend.domain.pincpu, domid, 7, "0")[0] == 2

pools = xend.cpu_pool.list([])
assert [child(pool, "name") for pool in pools] == ["dedicated", "shared"], pools
assert child(pools[0], "domains") == ["Domain-0", "web"], pools
assert xend.cpu_pool.list(["shared"]) == [pools[1]]
assert child(pools[1], "activated") == 1 and 1 in child(pools[1], "cpus")
assert xend.cpu_pool.cpu_add("shared", 99) is None
assert 99 in child(xend.cpu_pool.list(["shared"])[0], "cpus")
assert xend.cpu_pool.cpu_remove("shared", 99) is None
assert xend.cpu_pool.migrate(domid, "dedicated") is None
assert fault(xend.cpu_pool.migrate, domid, "shared")[0] == 2
assert fault(xend.cpu_pool.migrate, "nobody", "shared") == (3, "nobody")
assert fault(xend.cpu_pool.list, "shared") == (2, "names must be a list of names")
assert fault(xend.cpu_pool.list, [[]]) == (2, "names must be a list of names")
assert fault(xend.cpu_pool.start, "none") == (2, "Pool 'none' does not exist.")
assert fault(xend.cpu_pool.destroy, "shared") == (2, "Pool 'shared' cannot be destroyed")
assert fault(xend.cpu_pool.delete, "shared")[0] == 2

made = xend.cpu_pool.create(["cpu_pool", ["name", "few"], ["sched", "loop"], ["cpus", [1, 2]]])
assert child(made, "name") == "few" and child(made, "cpus") == [1, 2] and child(made, "activated") == 1, made
assert fault(xend.cpu_pool.create, made)[0] == 2
assert fault(xend.cpu_pool.create, ["vm", ["name", "x"]]) == (2, "config must be (cpu_pool ...), not (vm (name x))")
assert fault(xend.cpu_pool.create, ["cpu_pool", ["name"]]) == (2, "(name) is not the name of a field and its value")
assert "cpus must be the numbers" in fault(xend.cpu_pool.create, ["cpu_pool", ["name", "x"], ["cpus", [0]]])[1]
kept = xend.cpu_pool.new(["pool", ["name", "kept"], ["cpus", "1"]])
assert child(kept, "activated") == 0 and xend.cpu_pool.start("kept") is None
assert xend.cpu_pool.destroy("kept") is None and xend.cpu_pool.delete("kept") is None
assert xend.cpu_pool.destroy("few") is None

restless = ["vm", ["name", "restless"], ["memory", 32], ["on_crash", "restart"], ["image", ["js", ["kernel", "shell"]]]]
xend.domain.create(restless)
assert xend.domain.getRestartCount("restless") == 0
xend.domain.unpause("restless")
xend.domain.send_sysrq("restless", "c")


def restarts():
    try:
        return xend.domain.getRestartCount("restless")
    except xmlrpc.client.Fault as found:
        # Between two lives there is no such domain.
        assert found.faultCode == 3, found
        return 0


while restarts() != 1:
    pass
xend.domain.destroy("restless")

assert ["nr_nodes", 1] in xend.node.info()
assert "Creating domain web" in xend.node.log()
assert "Node" in xend.node.dmesg.info()
assert xend.node.dmesg.clear() is None and xend.node.dmesg.info() == ""

assert fault(xend.domain, "nobody") == (3, "nobody")
assert fault(xend.domain.pause, 99) == (3, "99")
assert fault(xend.domain.create, config) == (2, "Domain 'web' already exists with ID '%d'" % domid)
assert fault(xend.domain.pause) == (2, "domain is missing: it must be a text or a number")
assert fault(xend.domain.pause, [1]) == (2, "domain must be a text or a number")
assert fault(xend.domain.pause, 1, 2) == (2, "There are 2 arguments for at most 1")
assert fault(xend.domain.destroy, 0)[0] == 2
assert fault(xend.domain.send_trigger, domid, "foo") == (2, "Invalid trigger: foo")
assert fault(xend.domain.shutdown, domid, "explode") == (2, "reason must be poweroff, reboot, halt")
assert fault(xend.tmem_list) == (2, 'method "xend.tmem_list" is not supported')
assert fault(xend.domain.migrate, domid, "there")[1].startswith('method "xend.domain.migrate" is not supported: a running')
assert fault(xend.domain.sched_credit_get, domid)[1].endswith("pincpu binds one to processors")
assert fault(xend.node.tmem_list)[1].endswith("there is no transcendent memory")
assert fault(xend.security.get_policy)[1].endswith("there are no security policies and labels")
code, text = fault(xend.domain.create, ["vm", ["name", "x"], ["memroy", 1]])
assert code == 2 and "memroy" in text and "memory" in text

methods = server.system.listMethods()
assert "xend.domain.create" in methods and "system.methodHelp" in methods
assert all(server.system.methodHelp(name) for name in methods if name.startswith("xend."))

record = xend.domain(domid)
assert child(record, "status") == 2 and record.index(["status", 2]) < min(i for i, item in enumerate(record) if item[0] == "device")
assert xend.domain.destroy(domid) is None
again = xend.domain.create(record)
assert child(again, "uuid") == child(record, "uuid") and child(again, "image") == child(record, "image"), again
assert xend.domain.destroy("web") is None
assert xend.domains(False) == ["Domain-0"]
print("all well")
