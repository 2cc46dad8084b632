package dev.handover.election.zookeeper;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A ZooKeeper server in this JVM: alone, or member of an ensemble. Made anew for every start; started and stopped once. */
interface EmbeddedServer {
    /** Opens its ports and begins. */
    void start() throws IOException, InterruptedException;

    /** Whether it answers clients, which takes a quorum. */
    boolean isServing();

    /** What it died of; null while it lives. */
    @Nullable
    String death();

    /** The port that clients dial, known after the start. */
    int clientPort();

    /** Closes ports and files and asks its threads to end. Also after a start that has failed. */
    void stop() throws IOException;
}
