package dev.handover.examples.kv;

import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** A ZooKeeper in a process of its own: directory, host and port. */
public final class ZooKeeperMain {
    private ZooKeeperMain() {}

    public static void main(String[] arguments) throws Exception {
        try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(Path.of(arguments[0]))
                .clientAddress(arguments[1], Integer.parseInt(arguments[2]))
                .start()) {
            zooKeeper.awaitServing(Duration.ofSeconds(30));
            System.out.println("ready " + zooKeeper.connectString());
            new CountDownLatch(1).await();
        }
    }
}
