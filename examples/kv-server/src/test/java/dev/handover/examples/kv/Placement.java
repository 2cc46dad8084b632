package dev.handover.examples.kv;

import java.util.List;

/** Where the processes of a {@link KvCluster} live. */
public interface Placement {
    /** All on the loop-back interface. */
    Placement LOOPBACK = new Placement() {
        @Override
        public String host(String node) {
            return "127.0.0.1";
        }

        @Override
        public String zooKeeperHost() {
            return "127.0.0.1";
        }

        @Override
        public List<String> prefix(String node) {
            return List.of();
        }
    };

    /** The address that a node listens on, and that others and clients reach it by. */
    String host(String node);

    /** The same of ZooKeeper, which runs where the tests run. */
    String zooKeeperHost();

    /** The command that puts a node's process in its place; it must replace itself with the one that follows. */
    List<String> prefix(String node);
}
