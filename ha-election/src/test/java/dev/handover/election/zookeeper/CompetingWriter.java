package dev.handover.election.zookeeper;

import static dev.handover.coordination.ConfigurationStore.NOT_EXISTING;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.VersionedConfiguration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;

/** Takes the leadership again and again as fast as it can, as a replica would (R9, R10), and keeps what it was told. */
final class CompetingWriter {
    private static final int MAX_READS = 100;

    final Queue<VersionedConfiguration> applied = new ConcurrentLinkedQueue<>();
    final Set<UUID> proposed = new HashSet<>();
    private final ZooKeeperConfigurationStore store;
    private final GroupId group;
    private final ReplicaId self;
    volatile int doubts;
    volatile boolean stop;

    CompetingWriter(ZooKeeperConfigurationStore store, GroupId group, ReplicaId self) {
        this.store = store;
        this.group = group;
        this.self = self;
    }

    void run() throws Exception {
        Optional<VersionedConfiguration> current = read();
        while (!stop) {
            int version = current.map(VersionedConfiguration::version).orElse(NOT_EXISTING);
            long epoch = current.map(stored -> stored.configuration().epoch()).orElse(0L);
            Configuration next = Samples.configuration(epoch + 1, self);
            proposed.add(next.nonce());
            CasOutcome outcome = Await.get(store.compareAndSet(group, version, next));
            while (outcome instanceof CasOutcome.InDoubt) {
                doubts++;
                Optional<VersionedConfiguration> now = read();
                if (now.map(VersionedConfiguration::version).orElse(NOT_EXISTING) == version) {
                    outcome = Await.get(store.compareAndSet(group, version, next)); // the same again
                } else if (now.map(VersionedConfiguration::configuration)
                        .filter(next::equals)
                        .isPresent()) {
                    outcome = new CasOutcome.Applied(now.orElseThrow());
                } else {
                    outcome = new CasOutcome.Conflict(now.orElse(null));
                }
            }
            if (outcome instanceof CasOutcome.Applied won) {
                applied.add(won.stored());
                current = Optional.of(won.stored());
            } else if (outcome instanceof CasOutcome.Conflict lost) {
                current = Optional.ofNullable(lost.current());
            }
        }
    }

    /** Until there is an answer: what is in doubt must be resolved before this writer may end. */
    private Optional<VersionedConfiguration> read() throws Exception {
        for (int attempt = 0; ; attempt++) {
            try {
                return Await.get(store.read(group));
            } catch (ExecutionException e) {
                if (attempt == MAX_READS) {
                    throw e;
                }
            }
        }
    }
}
