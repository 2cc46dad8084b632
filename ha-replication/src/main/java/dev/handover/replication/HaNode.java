package dev.handover.replication;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.event.EventBus;
import dev.handover.replication.transport.Transport;
import java.nio.file.Path;
import java.time.Duration;

/** One process's part in its cluster: transport, disk, and the groups it has joined. */
public final class HaNode implements AutoCloseable {
    private HaNode() {}

    /** Begins to configure a node. */
    public static Builder builder(NodeId node) {
        throw new IllegalStateException();
    }

    /** Joins a group with this state machine; the returned replica recovers and catches up in the background. */
    public ReplicatedLog join(GroupId group, StateMachine stateMachine) {
        throw new IllegalStateException();
    }

    /** What happens on this node. */
    public EventBus events() {
        throw new IllegalStateException();
    }

    /** Leaves all groups in order, then closes transport and store. */
    @Override
    public void close() {}

    /** Settings of a node. */
    public static final class Builder {
        private Builder() {}

        public Builder configurationStore(ConfigurationStore store) {
            return this;
        }

        public Builder transport(Transport transport) {
            return this;
        }

        public Builder dataDirectory(Path directory) {
            return this;
        }

        public Builder cluster(String name) {
            return this;
        }

        public Builder commandTimeout(Duration timeout) {
            return this;
        }

        public Builder failureTimeout(Duration timeout) {
            return this;
        }

        public Builder maxCommandBytes(int bytes) {
            return this;
        }

        public Builder minInSync(int replicas) {
            return this;
        }

        public HaNode start() {
            throw new IllegalStateException();
        }
    }
}
