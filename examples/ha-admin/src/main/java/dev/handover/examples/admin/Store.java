package dev.handover.examples.admin;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What is asked of ZooKeeper. */
final class Store {
    static final Duration PATIENCE = Duration.ofSeconds(10);

    private Store() {}

    static ZooKeeperConfigurationStore connect(Arguments arguments) {
        ZooKeeperConfigurationStore.Builder builder =
                ZooKeeperConfigurationStore.builder(arguments.required("--zookeeper"));
        String cluster = arguments.get("--cluster");
        return cluster == null ? builder.build() : builder.cluster(cluster).build();
    }

    static Configuration configuration(ConfigurationStore store, GroupId group) throws IOException {
        Optional<VersionedConfiguration> found = answer(store.read(group));
        return found.orElseThrow(() -> new IOException(
                        "no group " + group + " is stored there; check the name, --zookeeper and --cluster"))
                .configuration();
    }

    static <T> T answer(CompletableFuture<T> future) throws IOException {
        try {
            return future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException("ZooKeeper did not answer: " + Objects.requireNonNullElse(e.getCause(), e), e);
        } catch (TimeoutException e) {
            throw new IOException("ZooKeeper did not answer within " + PATIENCE, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    static Answer describe(GroupId group, Configuration configuration) {
        return new Answer()
                .with("group", group)
                .with("lineage", configuration.lineage())
                .with("epoch", configuration.epoch())
                .with("leader", configuration.leader())
                .with("inSync", configuration.inSync())
                .with("removed", configuration.removed())
                .with("redundancy", configuration.inSync().size())
                .with("minInSync", configuration.minInSync())
                .with("featureLevel", configuration.featureLevel())
                .with("reason", configuration.reason());
    }
}
