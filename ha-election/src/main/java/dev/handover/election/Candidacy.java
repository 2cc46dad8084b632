package dev.handover.election;

import dev.handover.Registration;
import dev.handover.TransferRefusedException;
import dev.handover.leadership.Leadership;
import dev.handover.leadership.LeadershipSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.framework.state.ConnectionStateListener;
import org.apache.zookeeper.AsyncCallback;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One candidate's part in one election. Everything is decided on one thread from what was read last; events of Curator and watches only say that it
 * is time to read again, so that one which is lost costs at most a sixth of the session time-out. Every message goes straight to the handle whose
 * session it belongs to, since Curator would repeat it in another session.
 */
final class Candidacy implements LeadershipSource {
    private static final Logger LOG = LoggerFactory.getLogger(Candidacy.class);
    private static final long RANK_NANOS =
            Duration.ofMillis(60).toNanos(); // between two candidates that stand for a vacancy
    private static final long CHOSEN_NANOS = Duration.ofSeconds(2).toNanos(); // that a chosen candidate is waited for
    private static final int RETRY_MILLIS = 20;

    record Settings(
            String name,
            int priority,
            String zone,
            LongSupplier epochFloor,
            Duration taskTimeout,
            Duration operationTimeout,
            List<ACL> acl,
            @Nullable LivenessPort liveness,
            @Nullable Supplier<SSLContext> livenessTls) {}

    private final CuratorFramework client;
    private final String path;
    private final Settings settings;
    private final UUID instance;
    private final Tasks tasks;
    private final ScheduledThreadPoolExecutor loop;
    private final Listeners listeners;
    private final ViewReader reader;
    private final LivenessWatch livenessWatch;
    private final ConnectionStateListener connectionListener = (changed, state) -> connection(state);
    private final List<Waiting> waiting = new ArrayList<>();

    // read by any thread
    private volatile @Nullable Tenure tenure;
    private volatile Leadership.@Nullable Unsure unsure =
            new Leadership.Unsure(Instant.now(), "ZooKeeper has not been read yet");
    private volatile Leadership.Following following = new Leadership.Following(null, 0);
    private volatile @Nullable View view;
    private volatile boolean closed;
    private volatile long suspendedNanos = System.nanoTime();

    // of the loop
    private boolean reading;
    private long readingNanos;
    private int rounds;
    private boolean readAgain;
    private boolean standing;
    private boolean entering;
    private boolean creating;
    private boolean releasing;
    private boolean vacant;
    private long vacantNanos;
    private long asideUntilNanos = System.nanoTime();
    private @Nullable UUID goneLeader;
    private long seenEpoch;
    private int timeoutMillis;
    private String trouble = "";

    Candidacy(CuratorFramework client, String path, Settings settings, UUID instance, Tasks tasks) {
        this.client = client;
        this.path = path;
        this.settings = settings;
        this.instance = instance;
        this.tasks = tasks;
        timeoutMillis = client.getZookeeperClient().getLastNegotiatedSessionTimeoutMs();
        String thread = "handover-election-" + settings.name();
        loop = new ScheduledThreadPoolExecutor(
                1,
                task -> {
                    Thread created = new Thread(task, thread);
                    created.setDaemon(true);
                    return created;
                },
                new ThreadPoolExecutor.DiscardPolicy()); // what comes after close is of no use to anybody
        loop.setRemoveOnCancelPolicy(true);
        listeners = new Listeners(thread + "-listeners", this::current);
        reader = new ViewReader(path, event -> post(this::read));
        livenessWatch =
                new LivenessWatch(thread + "-liveness", settings.livenessTls(), gone -> post(() -> leaderGone(gone)));
    }

    void start() {
        client.getConnectionStateListenable().addListener(connectionListener, Runnable::run);
        post(this::beat);
        post(this::watchDeadline);
    }

    @Override
    public Leadership current() {
        if (closed) {
            return following;
        }
        Leadership.Unsure doubt = unsure;
        Tenure held = tenure;
        if (held == null || held.isOver()) {
            return doubt != null ? doubt : following;
        }
        if (held.isValid()) {
            return held.leading();
        }
        if (doubt == null) {
            doubt = new Leadership.Unsure(
                    Instant.now(),
                    "ZooKeeper has not answered for half the session time-out, or this process was paused");
            unsure = doubt;
        }
        return doubt;
    }

    @Override
    public Registration listen(Consumer<? super Leadership> listener) {
        return listeners.add(listener);
    }

    @Nullable
    View view() {
        return view;
    }

    // ---- what the application asks for

    CompletableFuture<Void> release(String reason, @Nullable String next) {
        return asked(future -> {
            View now = view;
            Tenure held = tenure;
            if (now == null || held == null || held.isOver() || !held.isValid()) {
                refuse(
                        future,
                        "'" + settings.name() + "' does not lead " + path + "; ask the candidate that does: "
                                + current());
                return;
            }
            boolean there = now.candidates().stream()
                    .anyMatch(entered -> next == null
                            ? !entered.candidate().instance().equals(instance)
                            : entered.candidate().name().equals(next)
                                    && !entered.candidate().instance().equals(instance));
            if (!there) {
                refuse(
                        future,
                        (next == null ? "there is no other candidate" : "there is no candidate '" + next + "'") + " of "
                                + path + "; '" + settings.name() + "' goes on leading");
                return;
            }
            asideUntilNanos = System.nanoTime() + 2 * CHOSEN_NANOS;
            release(
                    held,
                    reason,
                    next,
                    future,
                    "nobody has taken over yet",
                    seen -> seen.leader() != null
                            && (next == null || seen.leader().name().equals(next)));
        });
    }

    CompletableFuture<Void> pause(Pause pause) {
        return asked(future -> changePauses(future, pause.owner(), Records.encode(pause), 0));
    }

    CompletableFuture<Void> resume(String owner) {
        return asked(future -> changePauses(future, owner, null, 0));
    }

    /** Gives the leadership back if it is held, leaves the election and ends the threads. */
    void close() {
        CompletableFuture<Void> left = new CompletableFuture<>();
        post(() -> leave(left));
        try {
            left.get(settings.taskTimeout().plus(settings.operationTimeout()).toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn(
                    "{} of {}: could not leave in order, so the next leader has to wait for the end of the session: {}",
                    settings.name(),
                    path,
                    e.getMessage() == null ? e.toString() : e.getMessage());
        }
        Tenure held = tenure;
        if (held != null) {
            held.end();
        }
        following = new Leadership.Following(null, following.epoch());
        closed = true;
        client.getConnectionStateListenable().removeListener(connectionListener);
        livenessWatch.close();
        for (Waiting one : List.copyOf(waiting)) {
            one.future.completeExceptionally(new IOException("the election at " + path + " is closed"));
        }
        loop.shutdownNow();
        listeners.tell();
        listeners.close();
    }

    private void leave(CompletableFuture<Void> left) {
        Tenure held = tenure;
        asideUntilNanos = System.nanoTime() + TimeUnit.DAYS.toNanos(1);
        CompletableFuture<Void> released = new CompletableFuture<>();
        if (held != null && !held.isOver() && view != null) {
            release(held, "'" + settings.name() + "' has left", null, released, "", seen -> true);
        } else {
            released.complete(null);
        }
        released.whenComplete((done, failure) -> post(() -> {
            ZooKeeper zooKeeper = handle();
            View now = view;
            if (zooKeeper == null || now == null || failure != null) {
                left.completeExceptionally(failure != null ? failure : new IOException("no connection: " + trouble));
                return;
            }
            zooKeeper.delete(candidateNode(zooKeeper), -1, (rc, p, context) -> left.complete(null), null);
        }));
    }

    // ---- reading

    private void beat() {
        read();
        loop.schedule(guarded(this::beat), Tenure.beat(timeoutMillis).toMillis(), TimeUnit.MILLISECONDS);
    }

    private void read() {
        if (reading && System.nanoTime() - readingNanos < TimeUnit.MILLISECONDS.toNanos(timeoutMillis)) {
            readAgain = true;
            return;
        }
        // one that was never answered is given up: an answer to the next message, out of turn, makes ZooKeeper's client
        // connect anew, and end all that waits
        ZooKeeper zooKeeper = handle();
        if (zooKeeper == null) {
            doubt(trouble);
            return;
        }
        reading = true;
        readingNanos = System.nanoTime();
        int round = ++rounds;
        reader.read(
                zooKeeper,
                (seen, code) -> post(() -> {
                    if (round != rounds) {
                        return;
                    }
                    reading = false;
                    if (seen != null) {
                        timeoutMillis = zooKeeper.getSessionTimeout();
                        observed(zooKeeper, seen);
                    } else {
                        unread(zooKeeper, code);
                    }
                    if (readAgain) {
                        readAgain = false;
                        read();
                    }
                }),
                (where, failure) -> LOG.error(
                        "{} of {}: cannot read {}; it does not take part until that is mended: {}",
                        settings.name(),
                        path,
                        where,
                        failure.getMessage()));
    }

    private void unread(ZooKeeper zooKeeper, Code code) {
        if (code == Code.NONODE) {
            endTenure("the znodes of the election were deleted");
            create(zooKeeper);
        } else {
            doubt("reading " + path + " from ZooKeeper ended with " + code);
        }
    }

    private void observed(ZooKeeper zooKeeper, View seen) {
        view = seen;
        seenEpoch = Math.max(seenEpoch, seen.epoch());
        Records.LeaderNode leader = seen.leader();
        boolean ours = leader != null && leader.instance().equals(instance);
        if (leader != null && ours && seen.leaderSession() == seen.session()) {
            if (!releasing) {
                lead(leader.epoch(), seen.session(), seen.sentNanos(), seen.sentMillis());
            }
        } else {
            LastChange change = seen.change();
            endTenure(
                    leader == null ? "its znode was deleted" : change == null ? "another one leads" : change.reason());
            following = new Leadership.Following(leader == null || ours ? null : leader.name(), seen.epoch());
            if (ours) {
                dropFormer(zooKeeper, seen);
            }
        }
        if (seen.sentNanos() - suspendedNanos > 0) {
            Tenure held = tenure;
            if (held == null || held.isOver() || held.isValid()) {
                unsure = null;
            }
        }
        enter(zooKeeper, seen);
        if (leader == null && !releasing) {
            if (!vacant) {
                vacant = true;
                vacantNanos = System.nanoTime();
            }
            consider(seen, false);
        } else if (leader != null) {
            vacant = false;
            if (!ours && !asideForEver()) {
                asideUntilNanos = System.nanoTime(); // another one has led: back in the queue
            }
            obeyPause(seen);
        }
        livenessWatch.watch(settings.liveness() == null || leader == null || ours ? null : leader);
        for (Waiting one : List.copyOf(waiting)) {
            one.observe(seen);
        }
        listeners.tell();
    }

    private void lead(long epoch, long session, long sentNanos, long sentMillis) {
        Tenure held = tenure;
        if (held != null
                && !held.isOver()
                && held.session() == session
                && held.leading().epoch() == epoch) {
            held.confirm(sentNanos, sentMillis, timeoutMillis);
            return;
        }
        LOG.info("{} leads {} in epoch {}", settings.name(), path, epoch);
        Tenure begun = new Tenure(epoch, session, sentNanos, sentMillis, timeoutMillis);
        if (sentNanos - suspendedNanos > 0) {
            unsure = null;
        } else {
            begun.suspend();
        }
        tenure = begun;
        following = new Leadership.Following(settings.name(), epoch);
    }

    private void endTenure(String reason) {
        Tenure held = tenure;
        if (held != null && !held.isOver()) {
            held.end();
            following = new Leadership.Following(null, held.leading().epoch());
            LOG.info("{} no longer leads {}: {}", settings.name(), path, reason);
            listeners.tell();
        }
    }

    // ---- taking part

    private void create(ZooKeeper zooKeeper) {
        if (creating) {
            return;
        }
        creating = true;
        LastingZnodes.create(
                zooKeeper,
                path,
                settings.acl(),
                settings.name(),
                code -> post(() -> {
                    creating = false;
                    if (code == Code.OK || code == Code.NODEEXISTS) {
                        read();
                    }
                }));
    }

    private String candidateNode(ZooKeeper zooKeeper) {
        return ViewReader.candidates(path) + "/" + candidateName(zooKeeper.getSessionId());
    }

    private String candidateName(long session) {
        return settings.name() + "~" + instance + "~" + Long.toHexString(session);
    }

    private void enter(ZooKeeper zooKeeper, View seen) {
        String name = candidateName(seen.session());
        if (seen.hasEntered(name) || entering || closed || asideForEver()) {
            return;
        }
        entering = true;
        Candidate self = new Candidate(settings.name(), instance, settings.priority(), settings.zone(), 0);
        zooKeeper.create(
                ViewReader.candidates(path) + "/" + name,
                Records.encode(self),
                settings.acl(),
                CreateMode.EPHEMERAL,
                (rc, p, context, created) -> post(() -> {
                    entering = false;
                    if (Code.get(rc) != Code.OK) {
                        LOG.debug("{} of {}: entering ended with {}", settings.name(), path, Code.get(rc));
                    }
                    read();
                }),
                null);
    }

    private boolean asideForEver() {
        return asideUntilNanos - System.nanoTime() > TimeUnit.HOURS.toNanos(1);
    }

    /** Stands for the vacant leadership when it is this candidate's turn. */
    private void consider(View seen, boolean overthrow) {
        long now = System.nanoTime();
        boolean entered = seen.hasEntered(candidateName(seen.session())); // else it is read again when it has
        if (standing || releasing || closed || !entered || asideUntilNanos - now > 0 || isPaused(seen)) {
            return;
        }
        long turn = vacantNanos + turnNanos(seen);
        if (turn - now > 0) {
            loop.schedule(
                    guarded(() -> {
                        if (overthrow) {
                            stillGone();
                        } else {
                            read();
                        }
                    }),
                    turn - now,
                    TimeUnit.NANOSECONDS);
            return;
        }
        stand(seen, overthrow);
    }

    /** Best candidates first, each some time after the one before, so that in most cases one stands alone. */
    private long turnNanos(View seen) {
        LastChange change = seen.change();
        String chosen = change == null ? null : change.next();
        if (settings.name().equals(chosen)) {
            return 0;
        }
        UUID gone = goneLeader;
        String zone = change == null ? "" : change.zone();
        List<UUID> order = seen.candidates().stream()
                .map(View.Entered::candidate)
                .filter(candidate -> !candidate.instance().equals(gone))
                .sorted(Comparator.comparingInt((Candidate candidate) -> -candidate.priority())
                        .thenComparing(candidate -> !candidate.zone().equals(zone))
                        .thenComparingLong(Candidate::since))
                .map(Candidate::instance)
                .distinct()
                .toList();
        int rank = order.indexOf(instance);
        long turn = (rank < 0 ? order.size() : rank) * RANK_NANOS;
        boolean chosenIsThere = chosen != null
                && seen.candidates().stream()
                        .anyMatch(entered -> entered.candidate().name().equals(chosen));
        return chosenIsThere ? CHOSEN_NANOS + turn : turn;
    }

    private void stand(View seen, boolean overthrow) {
        ZooKeeper zooKeeper = handle();
        if (zooKeeper == null || zooKeeper.getSessionId() != seen.session()) {
            read();
            return;
        }
        long floor;
        try {
            floor = settings.epochFloor().getAsLong();
        } catch (RuntimeException e) {
            LOG.warn(
                    "{} of {}: does not stand, because the application's epoch floor failed", settings.name(), path, e);
            return;
        }
        LastChange before = seen.change();
        long epoch = 1 + Math.max(Math.max(seen.epoch(), seenEpoch), Math.max(floor, seen.created()));
        String reason = before == null
                ? "the first leader"
                : overthrow
                        ? "the process of '" + before.leader() + "' is gone"
                        : before.next() != null || before.reason().startsWith("'")
                                ? before.reason()
                                : "'" + before.leader() + "' has lost its session";
        LastChange change =
                new LastChange(epoch, settings.name(), instance, settings.zone(), Instant.now(), reason, null);
        LivenessPort liveness = settings.liveness();
        Records.LeaderNode node =
                new Records.LeaderNode(epoch, settings.name(), instance, liveness == null ? "" : liveness.address());
        List<Op> ops = new ArrayList<>();
        ops.add(asSeen(zooKeeper));
        ops.add(Op.setData(path, Records.encode(change), seen.changeVersion()));
        ops.add(Op.check(ViewReader.pauses(path), seen.pausesVersion()));
        if (overthrow) {
            ops.add(Op.delete(ViewReader.leader(path), -1)); // the version of the change says which leader it is
        }
        ops.add(Op.create(ViewReader.leader(path), Records.encode(node), settings.acl(), CreateMode.EPHEMERAL));
        standing = true;
        long session = seen.session();
        long sentNanos = System.nanoTime();
        long sentMillis = System.currentTimeMillis();
        multi(zooKeeper, ops, code -> {
            standing = false;
            if (code == Code.OK) {
                seenEpoch = Math.max(seenEpoch, epoch);
                vacant = false;
                view = seen.after(change, node);
                lead(epoch, session, sentNanos, sentMillis);
                listeners.tell();
            }
            retry(code);
        });
    }

    /** Fails among znodes that were created anew: they may have the versions that were seen before, but this candidate enters them only after it has read them. */
    private Op asSeen(ZooKeeper zooKeeper) {
        return Op.check(candidateNode(zooKeeper), -1);
    }

    private void multi(ZooKeeper zooKeeper, List<Op> ops, Consumer<Code> done) {
        AsyncCallback.MultiCallback callback = (rc, p, context, results) -> post(() -> {
            // a round of reads that began before may have seen the znode that is gone now, and would be believed
            rounds++;
            reading = false;
            done.accept(Code.get(rc));
        });
        zooKeeper.multi(ops, callback, null);
    }

    private void retry(Code code) {
        if (code == Code.OK || code == Code.BADVERSION || code == Code.NODEEXISTS || code == Code.NONODE) {
            read();
        } else {
            loop.schedule(guarded(this::read), RETRY_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** The leader's znode is that of this process, but of a session before: nobody leads, and nobody need wait for that session's end. */
    private void dropFormer(ZooKeeper zooKeeper, View seen) {
        if (seen.hasEntered(candidateName(seen.session()))) { // else it is read again when it has
            multi(
                    zooKeeper,
                    List.of(
                            asSeen(zooKeeper),
                            Op.check(path, seen.changeVersion()),
                            Op.delete(ViewReader.leader(path), -1)),
                    this::retry);
        }
    }

    // ---- fast take-over

    private void leaderGone(UUID gone) {
        goneLeader = gone;
        if (!vacant) {
            vacant = true;
            vacantNanos = System.nanoTime();
        }
        stillGone();
    }

    private void stillGone() {
        View seen = view;
        if (seen != null && seen.leader() != null && seen.leader().instance().equals(goneLeader)) {
            consider(seen, true);
        }
    }

    // ---- giving it away

    private boolean isPaused(View seen) {
        List<Pause> active = seen.pausesAt(Instant.now());
        for (Pause pause : active) {
            long millis = Duration.between(Instant.now(), pause.expiry()).toMillis() + 1;
            loop.schedule(guarded(this::read), Math.min(millis, 60_000), TimeUnit.MILLISECONDS);
        }
        return !active.isEmpty();
    }

    private void obeyPause(View seen) {
        Tenure held = tenure;
        if (held == null || held.isOver() || releasing) {
            return;
        }
        for (Pause pause : seen.pausesAt(Instant.now())) {
            CompletableFuture<Void> released = new CompletableFuture<>();
            released.whenComplete((done, failure) -> {
                if (failure != null) {
                    LOG.warn(
                            "{} of {}: cannot obey the pause of {} yet: {}",
                            settings.name(),
                            path,
                            pause.owner(),
                            failure.getMessage());
                }
            });
            release(
                    held,
                    "'" + pause.owner() + "' has paused it: " + pause.reason(),
                    null,
                    released,
                    "",
                    after -> true);
            return;
        }
    }

    /** Ends the task, then deletes the leader's znode; the future completes when what is seen afterwards is as wanted. */
    private void release(
            Tenure held,
            String reason,
            @Nullable String next,
            CompletableFuture<Void> future,
            String otherwise,
            Predicate<View> wanted) {
        if (releasing) {
            refuse(future, "the leadership of " + path + " is being given away already");
            return;
        }
        releasing = true;
        held.end();
        following = new Leadership.Following(null, held.leading().epoch());
        listeners.tell();
        tasks.stop(settings.taskTimeout())
                .whenComplete((stopped, failure) -> post(() -> {
                    View now = view;
                    ZooKeeper zooKeeper = handle();
                    if (failure != null || !Boolean.TRUE.equals(stopped) || now == null || zooKeeper == null) {
                        releasing = false;
                        asideUntilNanos = Math.min(asideUntilNanos, System.nanoTime());
                        refuse(
                                future,
                                failure == null && Boolean.FALSE.equals(stopped)
                                        ? "the task of '" + settings.name() + "' has not returned within "
                                                + settings.taskTimeout().toMillis()
                                                + " ms of its interrupt; nobody else may lead " + path
                                                + " before it does"
                                        : "there is no connection to ZooKeeper: " + trouble);
                        read();
                        return;
                    }
                    LastChange change = new LastChange(
                            held.leading().epoch(),
                            settings.name(),
                            instance,
                            settings.zone(),
                            Instant.now(),
                            reason,
                            next);
                    List<Op> ops = List.of(
                            asSeen(zooKeeper),
                            Op.setData(path, Records.encode(change), now.changeVersion()),
                            Op.delete(ViewReader.leader(path), -1));
                    multi(zooKeeper, ops, code -> {
                        releasing = false;
                        if (code == Code.OK) {
                            LOG.info("{} has given the leadership of {} away: {}", settings.name(), path, reason);
                            await(future, otherwise, wanted);
                            read();
                        } else {
                            future.completeExceptionally(new IOException("giving the leadership of " + path
                                    + " away ended with " + code + "; ask again who leads"));
                            retry(code);
                        }
                    });
                }));
    }

    private void changePauses(CompletableFuture<Void> future, String owner, byte @Nullable [] content, int attempt) {
        ZooKeeper zooKeeper = handle();
        View now = view;
        if (zooKeeper == null || now == null) {
            future.completeExceptionally(new IOException("there is no connection to ZooKeeper: " + trouble));
            return;
        }
        String node = ViewReader.pauses(path) + "/" + owner;
        boolean there = now.pauses().stream().anyMatch(pause -> pause.owner().equals(owner));
        List<Op> ops = new ArrayList<>();
        ops.add(Op.setData(
                ViewReader.pauses(path),
                (instance + " changed " + owner).getBytes(StandardCharsets.UTF_8),
                now.pausesVersion()));
        if (content == null) {
            if (!there) {
                future.complete(null);
                return;
            }
            ops.add(Op.delete(node, -1));
        } else {
            ops.add(
                    there
                            ? Op.setData(node, content, -1)
                            : Op.create(node, content, settings.acl(), CreateMode.PERSISTENT));
        }
        multi(zooKeeper, ops, code -> {
            if (code == Code.OK) {
                await(
                        future,
                        "the leader has not obeyed yet",
                        seen -> seen.pausesVersion() > now.pausesVersion()
                                && (content == null || seen.leader() == null));
                read();
            } else if (attempt < 5 && (code == Code.BADVERSION || code == Code.NODEEXISTS || code == Code.NONODE)) {
                CompletableFuture<Void> seen = new CompletableFuture<>();
                seen.whenComplete((done, failure) -> post(() -> changePauses(future, owner, content, attempt + 1)));
                await(seen, "", any -> true);
                read();
            } else {
                future.completeExceptionally(new IOException("changing the pauses of " + path + " ended with " + code
                        + "; look at the pauses and ask again"));
                retry(code);
            }
        });
    }

    // ---- time and connection

    private void connection(ConnectionState state) {
        if (state.isConnected()) {
            post(this::read);
            return;
        }
        Tenure held = tenure;
        if (held != null) {
            held.suspend();
        }
        suspendedNanos = System.nanoTime();
        unsure = new Leadership.Unsure(Instant.now(), "the connection to ZooKeeper is " + state);
        listeners.tell();
    }

    /** Why there is no connection; any thread. */
    void found(String reason) {
        post(() -> {
            Leadership.Unsure before = unsure;
            if (before != null) {
                unsure = new Leadership.Unsure(before.since(), "no session with ZooKeeper: " + reason);
                listeners.tell();
            }
        });
    }

    private void doubt(String reason) {
        if (unsure == null) {
            suspendedNanos = System.nanoTime();
            Tenure held = tenure;
            if (held != null) {
                held.suspend();
            }
            unsure = new Leadership.Unsure(Instant.now(), reason);
        }
        listeners.tell();
    }

    /** Tells listeners, and so interrupts the task, when a leadership runs out with nobody having said anything. */
    private void watchDeadline() {
        Tenure held = tenure;
        long again = Tenure.beat(timeoutMillis).toNanos();
        if (held != null && !held.isOver()) {
            if (held.isValid()) {
                again = Math.min(again, held.leftNanos() + 1);
            } else {
                listeners.tell();
            }
        }
        loop.schedule(guarded(this::watchDeadline), again, TimeUnit.NANOSECONDS);
    }

    private @Nullable ZooKeeper handle() {
        try {
            ZooKeeper zooKeeper = client.getZookeeperClient().getZooKeeper();
            if (zooKeeper.getState().isConnected()) {
                return zooKeeper;
            }
            trouble = "the ZooKeeper client is " + zooKeeper.getState();
        } catch (Exception e) {
            trouble = e.toString();
        }
        return null;
    }

    private CompletableFuture<Void> asked(Consumer<CompletableFuture<Void>> task) {
        CompletableFuture<Void> future = new CompletableFuture<>();
        if (closed) {
            future.completeExceptionally(new IOException("the election at " + path + " is closed"));
        } else {
            post(() -> task.accept(future));
        }
        return future.orTimeout(
                settings.taskTimeout().plus(settings.operationTimeout()).toMillis(), TimeUnit.MILLISECONDS);
    }

    private static void refuse(CompletableFuture<Void> future, String reason) {
        future.completeExceptionally(new TransferRefusedException(reason));
    }

    private void await(CompletableFuture<Void> future, String otherwise, Predicate<View> wanted) {
        Waiting one = new Waiting(future, wanted);
        waiting.add(one);
        future.whenComplete((done, failure) -> post(() -> waiting.remove(one)));
        loop.schedule(
                guarded(() -> future.completeExceptionally(new TimeoutException(
                        "after " + settings.operationTimeout().toMillis() + " ms: " + otherwise + " at " + path + ": "
                                + current()))),
                settings.operationTimeout().toMillis(),
                TimeUnit.MILLISECONDS);
    }

    private void post(Runnable task) {
        loop.execute(guarded(task));
    }

    private Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                LOG.error(
                        "{} of {}: a step of the election failed; this is a defect of Handover",
                        settings.name(),
                        path,
                        e);
            }
        };
    }

    /** Somebody who waits for what is seen. */
    private record Waiting(CompletableFuture<Void> future, Predicate<View> wanted) {
        void observe(View seen) {
            if (wanted.test(seen)) {
                future.complete(null);
            }
        }
    }
}
