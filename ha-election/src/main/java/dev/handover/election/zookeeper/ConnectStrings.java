package dev.handover.election.zookeeper;

import java.util.ArrayList;
import java.util.List;

/** Checks lists of {@code host:port}, before ZooKeeper's client gets them, which is lenient. */
final class ConnectStrings {
    private ConnectStrings() {}

    static String check(String connectString) {
        if (connectString.indexOf('/') >= 0) {
            throw new IllegalArgumentException("connect string '" + connectString
                    + "' has a path; leave it out and give it as builder(...).cluster(...)");
        }
        List<String> servers = new ArrayList<>();
        for (String part : connectString.split(",", -1)) {
            String server = part.trim();
            int colon = server.lastIndexOf(':');
            String port = server.substring(colon + 1);
            if (colon < 1
                    || !port.matches("[0-9]{1,5}")
                    || Integer.parseInt(port) < 1
                    || Integer.parseInt(port) > 65535) {
                throw new IllegalArgumentException("'" + part + "' in connect string '" + connectString
                        + "' is not host:port; write for example zk1:2181,zk2:2181,zk3:2181");
            }
            servers.add(server);
        }
        return String.join(",", servers);
    }
}
