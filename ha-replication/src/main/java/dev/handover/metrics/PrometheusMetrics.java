package dev.handover.metrics;

import dev.handover.replication.HaNode;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

/**
 * The meters of a node in Prometheus' text format, for applications that have no registry of their own. Needs {@code io.micrometer:micrometer-registry-prometheus}, which is an optional
 * dependency. Any thread.
 */
public final class PrometheusMetrics implements AutoCloseable {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final HandoverMetrics metrics;

    /** For this node and all groups that it joins; close it before, or after, the node. */
    public PrometheusMetrics(HaNode node) {
        metrics = new HandoverMetrics(node);
        metrics.bindTo(registry);
    }

    /** For further meters. */
    public MeterRegistry registry() {
        return registry;
    }

    /** All meters as they are now, in the text format, version 0.0.4. */
    public String scrape() {
        return registry.scrape();
    }

    /** Removes all meters. Closing twice is fine. */
    @Override
    public void close() {
        metrics.close();
        registry.close();
    }
}
