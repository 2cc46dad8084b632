package dev.handover.spring;

import dev.handover.GroupId;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.HaNode;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;

/** The contributor {@code handover}: one component per group. A replica that follows, learns or catches up is UP; only one that has stopped itself is DOWN. */
final class GroupsHealth implements CompositeHealthContributor {
    private final HaNode node;

    GroupsHealth(HaNode node) {
        this.node = node;
    }

    @Override
    public Stream<Entry> stream() {
        return node.groups().stream().map(group -> new Entry(group.value(), indicator(group)));
    }

    @Override
    public @Nullable HealthContributor getContributor(String name) {
        return node.groups().stream()
                .filter(group -> group.value().equals(name))
                .findFirst()
                .map(this::indicator)
                .orElse(null);
    }

    private HealthIndicator indicator(GroupId group) {
        return () -> node.status(group).map(GroupsHealth::health).orElseGet(() -> Health.unknown()
                .build());
    }

    private static Health health(GroupStatus status) {
        Health.Builder health =
                status.fault() == null ? Health.up() : Health.down().withDetail("fault", status.fault());
        health.withDetail("role", status.role()).withDetail("epoch", status.epoch());
        if (status.leader() != null) {
            health.withDetail("leader", status.leader().value());
        }
        if (status.redundancy() != null) {
            health.withDetail("redundancy", status.redundancy().level())
                    .withDetail(
                            "inSync",
                            status.redundancy().inSync().stream()
                                    .map(node -> node.value())
                                    .toList());
        }
        return health.withDetail("lag", Math.max(0, status.commitIndex() - status.appliedIndex()))
                .build();
    }
}
