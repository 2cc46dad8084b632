package dev.handover.replication;

import dev.handover.Redundancy;
import dev.handover.event.HaEvent;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Writes what an operator should read into the log, on the event thread. */
final class EventLog implements Consumer<HaEvent> {
    private static final Logger LOG = LoggerFactory.getLogger("dev.handover.replication");

    @Override
    public void accept(HaEvent event) {
        String label = "[" + event.group() + " " + event.node() + "]";
        if (event instanceof HaEvent.RoleChanged e) {
            LOG.info("{} {} in epoch {} (was {}): {}", label, e.to(), e.epoch(), e.from(), e.reason());
        } else if (event instanceof HaEvent.ConfigurationChanged e) {
            LOG.info(
                    "{} epoch {}: leader {}, in sync {} ({})",
                    label,
                    e.configuration().epoch(),
                    e.configuration().leader(),
                    e.configuration().inSync(),
                    e.configuration().reason());
        } else if (event instanceof HaEvent.RedundancyChanged e) {
            boolean well = e.redundancy().level() == Redundancy.Level.FULL;
            LOG.atLevel(well ? Level.INFO : Level.WARN)
                    .log(
                            "{} redundancy {}: in sync {}, missing {}, minInSync {} ({})",
                            label,
                            e.redundancy().level(),
                            e.redundancy().inSync(),
                            e.redundancy().missing(),
                            e.redundancy().minInSync(),
                            e.reason());
        } else if (event instanceof HaEvent.TakeOver e) {
            LOG.info("{} take-over {} for epoch {}: {}", label, e.step(), e.epoch(), e.detail());
        } else if (event instanceof HaEvent.Transfer e) {
            LOG.info(
                    "{} transfer{} {} in epoch {}: {}",
                    label,
                    e.target() == null ? "" : " to " + e.target(),
                    e.step(),
                    e.epoch(),
                    e.detail());
        } else if (event instanceof HaEvent.ReplicaFaulted e) {
            LOG.warn("{} FAULTED: {}", label, e.reason());
        } else if (event instanceof HaEvent.Coordination e) {
            if (e.reachable()) {
                LOG.info("{} {}", label, e.detail());
            } else {
                LOG.warn(
                        "{} the configuration store does not answer; writes go on, take-overs wait: {}",
                        label,
                        e.detail());
            }
        } else if (event instanceof HaEvent.Storage e) {
            LOG.atLevel(e.finding().isAlarm() ? Level.WARN : Level.INFO)
                    .log("{} disk: {}: {}", label, e.finding(), e.detail());
        } else if (event instanceof HaEvent.Snapshot e) {
            boolean failed = e.step().name().endsWith("_FAILED");
            LOG.atLevel(failed ? Level.WARN : Level.INFO)
                    .log("{} snapshot at index {} {}, {} bytes {}", label, e.index(), e.step(), e.bytes(), e.detail());
        } else if (event instanceof HaEvent.ColourSwitch e) {
            boolean well = e.step() != HaEvent.SwitchStep.ROLL_BACK && e.step() != HaEvent.SwitchStep.ABORTED;
            LOG.atLevel(well ? Level.INFO : Level.WARN)
                    .log(
                            "{} switch of {} from {} to {}: {}, {} is live in generation {}: {}",
                            label,
                            e.service(),
                            e.from(),
                            e.to(),
                            e.step(),
                            e.live(),
                            e.generation(),
                            e.detail());
        } else if (event instanceof HaEvent.PartitionBalance e) {
            LOG.atLevel(e.step() == HaEvent.BalanceStep.TO_AND_FRO ? Level.WARN : Level.INFO)
                    .log("{} partitions {} {}: {}", label, e.partitions(), e.step(), e.detail());
        } else if (event instanceof HaEvent.PeerConnection e) {
            if (e.lost() == null) {
                LOG.info("{} connected with {}", label, e.peer());
            } else {
                LOG.info("{} lost the connection with {}: {}", label, e.peer(), e.lost());
            }
        }
    }
}
