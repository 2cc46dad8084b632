package dev.handover.spring;

import dev.handover.GroupId;
import dev.handover.ops.OpsHealth;
import dev.handover.replication.HaNode;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;

/** What load balancers ask, per group: DOWN is no failure, it says "ask another instance". The answer is confirmed by the other replicas, and waits for them no longer than the model's time-out. */
final class AnswersHealth implements CompositeHealthContributor {
    private static final long LONGEST_SECONDS = 60; // the model's own bound is below

    private final HaNode node;
    private final Function<String, CompletableFuture<OpsHealth.Answer>> question;

    AnswersHealth(HaNode node, Function<String, CompletableFuture<OpsHealth.Answer>> question) {
        this.node = node;
        this.question = question;
    }

    @Override
    public Stream<Entry> stream() {
        return node.groups().stream().map(group -> new Entry(group.value(), indicator(group.value())));
    }

    @Override
    public @Nullable HealthContributor getContributor(String name) {
        return node.groups().stream().map(GroupId::value).anyMatch(name::equals) ? indicator(name) : null;
    }

    private HealthIndicator indicator(String group) {
        return () -> {
            try {
                OpsHealth.Answer answer = question.apply(group)
                        .orTimeout(LONGEST_SECONDS, TimeUnit.SECONDS)
                        .join();
                return (answer.ok() ? Health.up() : Health.down())
                        .withDetail("answer", answer.detail())
                        .build();
            } catch (CompletionException e) {
                return Health.down(e).build();
            }
        };
    }
}
