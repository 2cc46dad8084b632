package dev.handover.replication.recovery;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.Registration;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.Member;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.replication.protocol.FeatureLevels;
import dev.handover.replication.storage.OfflineLog;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Makes a replica that is not in sync the beginning of a new history of its group (R13): for when every in-sync replica is lost for good. What it lacks is lost, and cannot
 * be told apart from what never was. {@link #plan} looks and changes nothing; {@link #carryOut} does it. Not thread-safe; blocks.
 *
 * <p>The store is changed first, then the directory. Ended between the two, it is finished by doing it once more.
 */
public final class ForcedRecovery implements Closeable {
    private final OfflineLog log;
    private final ConfigurationStore store;
    private final Duration timeout;
    private final @Nullable VersionedConfiguration found;
    private final boolean begun;

    private ForcedRecovery(
            OfflineLog log,
            ConfigurationStore store,
            Duration timeout,
            @Nullable VersionedConfiguration found,
            boolean begun) {
        this.log = log;
        this.store = store;
        this.timeout = timeout;
        this.found = found;
        this.begun = begun;
    }

    /**
     * Looks whether it is called for. The directory stays locked until {@link #close}.
     *
     * @param directory of the chosen copy, its node stopped
     * @param store stays the caller's
     * @param storeWasLost the operator says that the configuration store was lost, wiped or rolled back
     * @param copies directories of the group's other copies, as far as they can be read here; their nodes stopped. It is refused if one of them holds more
     * @param others where the group's other nodes listened: whoever cannot reach the store may serve all the same (R14), and is found only by dialling
     * @param timeout for each answer of the store and each dial
     * @throws RecoveryRefusedException if it is not called for
     * @throws IOException if the directory is in use, damaged or holds no log
     */
    public static ForcedRecovery plan(
            Path directory,
            ConfigurationStore store,
            boolean storeWasLost,
            List<Path> copies,
            List<InetSocketAddress> others,
            Duration timeout)
            throws IOException, RecoveryRefusedException {
        OfflineLog log = OfflineLog.own(directory);
        try {
            for (InetSocketAddress other : others) {
                checkNobodyListens(other, timeout);
            }
            ForcedRecovery planned = plan(log, store, storeWasLost, timeout);
            for (Path copy : copies) {
                planned.compareWith(copy);
            }
            return planned;
        } catch (IOException | RecoveryRefusedException | RuntimeException e) {
            log.close();
            throw e;
        }
    }

    private static ForcedRecovery plan(OfflineLog log, ConfigurationStore store, boolean storeWasLost, Duration timeout)
            throws IOException, RecoveryRefusedException {
        GroupId group = log.group();
        if (log.lineage() == null || log.lastIndex() == 0) {
            throw new RecoveryRefusedException(
                    "the log of group " + group + " in " + log.directory()
                            + " is empty: there is nothing to recover. Choose the copy with the longest log ('ha-admin log verify')");
        }
        if (log.awaitsSnapshot()) {
            throw new RecoveryRefusedException("the snapshot at index " + log.snapshotIndex() + " in "
                    + log.directory() + " was received, and the log has not taken its place yet;"
                    + " start this node once, stop it, and try again. Nothing was changed");
        }
        VersionedConfiguration found =
                answer(store.read(group), timeout, "read the configuration").orElse(null);
        boolean begun = found != null && isOurs(found.configuration(), log);
        if (!begun) {
            checkConfiguration(found == null ? null : found.configuration(), log, storeWasLost);
        }
        checkNobodyRuns(members(store, timeout), group);
        return new ForcedRecovery(log, store, timeout, found, begun);
    }

    /** Epoch before index: of two ends of one history, that of the later epoch came later, however short its log (R3). */
    private void compareWith(Path directory) throws IOException, RecoveryRefusedException {
        if (directory.toRealPath().equals(log.directory())) {
            throw new RecoveryRefusedException(directory + " is the copy to be recovered itself; name the others");
        }
        try (OfflineLog other = OfflineLog.read(directory)) {
            if (!other.group().equals(group())) {
                throw new RecoveryRefusedException(
                        other.directory() + " holds the log of group " + other.group() + ", not of " + group());
            }
            if (other.lineage() == null || begun) {
                return; // it never belonged to a history; or the new one has begun already, and only has to be finished
            }
            if (!Objects.equals(other.lineage(), log.lineage())) {
                throw new RecoveryRefusedException(
                        other.directory() + " is of lineage " + other.lineage() + ", this copy of "
                                + log.lineage() + ": they cannot be compared. Find out which history the group had last"
                                + " ('ha-admin config show'), and leave the other one out");
            }
            if (found != null
                    && found.configuration().isInSync(other.replica())
                    && found.configuration().epoch() >= other.highestEpoch()) {
                throw new RecoveryRefusedException(
                        other.replica() + " in " + other.directory()
                                + " is in the in-sync set: it has everything that was acknowledged. Start its node; it takes over by itself");
            }
            if (other.awaitsSnapshot()) {
                throw new RecoveryRefusedException(
                        "the snapshot at index " + other.snapshotIndex() + " in " + other.directory()
                                + " was received, and its log has not taken its place yet; start that node once, stop it, and try again");
            }
            boolean holdsMore = other.lastEpoch() != log.lastEpoch()
                    ? other.lastEpoch() > log.lastEpoch()
                    : other.lastIndex() > log.lastIndex();
            if (holdsMore) {
                throw new RecoveryRefusedException("the copy in " + other.directory() + " ends at index "
                        + other.lastIndex() + " of epoch " + other.lastEpoch() + ", this one at index "
                        + log.lastIndex()
                        + " of epoch " + log.lastEpoch() + ": recover that one");
            }
        }
    }

    private static boolean isOurs(Configuration configuration, OfflineLog log) {
        return configuration.isForcedRecovery()
                && configuration.leader().equals(log.replica())
                && configuration.inSync().size() == 1
                && !configuration.lineage().equals(log.lineage())
                && configuration.reason().contains("of lineage " + log.lineage() + " ");
    }

    private static void checkConfiguration(@Nullable Configuration configuration, OfflineLog log, boolean storeWasLost)
            throws RecoveryRefusedException {
        if (configuration == null) {
            if (!storeWasLost) {
                throw new RecoveryRefusedException("the configuration store knows no group " + log.group()
                        + ": is it the right one, with the right cluster name? If it was wiped, restore it from a backup;"
                        + " if there is none, say so with --store-was-lost");
            }
            return;
        }
        if (!Objects.equals(configuration.lineage(), log.lineage())) {
            throw new RecoveryRefusedException("the log is of lineage " + log.lineage() + ", group " + log.group()
                    + " of lineage " + configuration.lineage()
                    + ": the group has gone on without this copy. Start this node with an empty data directory");
        }
        if (configuration.epoch() < log.highestEpoch() && !storeWasLost) {
            throw new RecoveryRefusedException(
                    "the configuration store is at epoch " + configuration.epoch()
                            + ", this replica has seen epoch " + log.highestEpoch()
                            + ": the store was rolled back. Restore its newest state; if that is lost, say so with --store-was-lost");
        }
        if (configuration.isInSync(log.replica()) && configuration.epoch() >= log.highestEpoch()) {
            throw new RecoveryRefusedException(log.replica() + " is in the in-sync set " + configuration.inSync()
                    + ": it has everything that was acknowledged. Start its node; it takes over by itself");
        }
    }

    private static void checkNobodyRuns(List<Member> members, GroupId group) throws RecoveryRefusedException {
        for (Member member : members) {
            UUID other = member.logs().get(group);
            if (other != null) {
                throw new RecoveryRefusedException(
                        "node " + member.node() + " runs with replica "
                                + new ReplicaId(member.node(), other) + " of group " + group + ", announced at "
                                + member.host()
                                + ":" + member.port()
                                + ". If it can serve, nothing needs to be forced; else stop it (what was killed stays announced until its"
                                + " session has expired) and compare its log with 'ha-admin log verify': the longest copy is the one to recover");
            }
        }
    }

    private static void checkNobodyListens(InetSocketAddress other, Duration timeout) throws RecoveryRefusedException {
        try (Socket socket = new Socket()) {
            socket.connect(other, (int) Math.min(timeout.toMillis(), Integer.MAX_VALUE));
        } catch (IOException e) {
            return; // nobody there, as it must be
        }
        throw new RecoveryRefusedException(
                "somebody listens at " + other
                        + ": a node that serves without the configuration store would lose what it acknowledges. Stop it first");
    }

    private static List<Member> members(ConfigurationStore store, Duration timeout) throws RecoveryRefusedException {
        CompletableFuture<List<Member>> first = new CompletableFuture<>();
        Registration watch = store.membership().watch(first::complete);
        try {
            return answer(first, timeout, "tell which nodes run");
        } finally {
            watch.close();
        }
    }

    private static <T> T answer(CompletableFuture<T> future, Duration timeout, String what)
            throws RecoveryRefusedException {
        try {
            return future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new RecoveryRefusedException("the configuration store could not " + what + ": "
                    + Objects.requireNonNullElse(e.getCause(), e) + ". Bring it back first; nothing was changed");
        } catch (TimeoutException e) {
            throw new RecoveryRefusedException("the configuration store did not " + what + " within " + timeout
                    + ". Bring it back first; nothing was changed");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RecoveryRefusedException("interrupted; nothing was changed");
        }
    }

    /** The group; the operator confirms with its name. */
    public GroupId group() {
        return log.group();
    }

    /** What may be lost, in words. */
    public String loss() {
        String end = "the log of " + log.replica() + " of lineage " + log.lineage() + " ends at index "
                + log.lastIndex() + " of epoch " + log.lastEpoch();
        if (found == null) {
            return end + "; the configuration was lost, so nobody can tell what others had acknowledged after it";
        }
        Configuration configuration = found.configuration();
        return end + "; what " + configuration.inSync() + " acknowledged after it, up to epoch " + configuration.epoch()
                + ", is lost";
    }

    /**
     * Does it: a new lineage, led by this replica alone from its next start on. The replicas of the old lineage refuse to start with their data from now on.
     *
     * @param confirmation must be the group's name
     * @return the configuration that was stored
     * @throws RecoveryRefusedException if the confirmation is another, or the configuration has changed meanwhile
     * @throws IOException if the answer of the store was lost, or the directory could not be written; then do it once more
     */
    public Configuration carryOut(String confirmation) throws IOException, RecoveryRefusedException {
        if (!confirmation.equals(group().value())) {
            throw new RecoveryRefusedException(
                    "'" + confirmation + "' is not the group's name, " + group() + "; nothing was changed");
        }
        Configuration next = begun && found != null ? found.configuration() : store();
        log.changeLineage(next.lineage(), Math.max(next.epoch(), log.highestEpoch()));
        return next;
    }

    private Configuration store() throws IOException, RecoveryRefusedException {
        Configuration base = found == null ? null : found.configuration();
        Configuration next = new Configuration(
                UUID.randomUUID(),
                Math.max(base == null ? 0 : base.epoch(), log.highestEpoch()) + 1,
                log.replica(),
                List.of(log.replica()),
                base == null ? 1 : base.minInSync(),
                base == null ? FeatureLevels.NEWEST : Math.max(base.featureLevel(), FeatureLevels.BARRIER_REASON),
                UUID.randomUUID(),
                Configuration.FORCED_RECOVERY + ": " + loss(),
                base == null ? 0 : base.leaseNanos());
        int version = found == null ? ConfigurationStore.NOT_EXISTING : found.version();
        CasOutcome outcome = outcome(store.compareAndSet(group(), version, next));
        if (outcome instanceof CasOutcome.Applied) {
            return next;
        }
        if (outcome instanceof CasOutcome.Conflict conflict) {
            VersionedConfiguration current = conflict.current();
            if (current != null && current.configuration().nonce().equals(next.nonce())) {
                return next;
            }
            throw new RecoveryRefusedException("the configuration has changed meanwhile: "
                    + (current == null ? "it is gone" : current.configuration()) + ". Nothing was changed; look again");
        }
        throw new IOException(
                "the configuration store did not answer: whether the new configuration is stored is not known."
                        + " Do it once more; it then finishes what was begun");
    }

    private CasOutcome outcome(CompletableFuture<CasOutcome> asked) throws IOException {
        try {
            return asked.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException("the configuration store refused the new configuration: " + e.getCause(), e);
        } catch (TimeoutException e) {
            return new CasOutcome.InDoubt("no answer within " + timeout);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new CasOutcome.InDoubt("interrupted");
        }
    }

    @Override
    public void close() throws IOException {
        log.close();
    }
}
