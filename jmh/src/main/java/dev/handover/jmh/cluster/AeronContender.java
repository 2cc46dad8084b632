package dev.handover.jmh.cluster;

import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.archive.Archive;
import io.aeron.archive.ArchiveThreadingMode;
import io.aeron.archive.client.AeronArchive;
import io.aeron.cluster.ClusteredMediaDriver;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.client.AeronCluster;
import io.aeron.cluster.client.EgressListener;
import io.aeron.cluster.codecs.CloseReason;
import io.aeron.cluster.service.ClientSession;
import io.aeron.cluster.service.Cluster;
import io.aeron.cluster.service.ClusteredService;
import io.aeron.cluster.service.ClusteredServiceContainer;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.Header;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/** Aeron Cluster. */
final class AeronContender implements Contender {
    private static final int SLOT_BYTES = Integer.BYTES;

    @Override
    public String name() {
        return "aeron";
    }

    @Override
    public String title() {
        return "Aeron Cluster";
    }

    @Override
    public String version() {
        return "1.51.0";
    }

    @Override
    public List<String> settings() {
        return List.of(
                "fileSyncLevel 1 for archive, catalogue and consensus module (the default, 0, forces nothing)",
                "media driver and archive SHARED threads, back-off idle strategies (busy spinning would starve seven processes on two cores), UDP on loopback, all time-outs at their defaults",
                "client: AeronCluster, its media driver in the client's process");
    }

    @Override
    public List<String> jvmOptions() {
        return List.of(
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "--add-opens=java.base/java.util.zip=ALL-UNNAMED",
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED");
    }

    private static IdleStrategy idle() {
        return new BackoffIdleStrategy(10, 20, 1_000, 100_000);
    }

    private static String endpoint(Layout layout, int replica, int number) {
        return Layout.HOST + ":" + layout.port(replica, number);
    }

    private static String members(Layout layout) {
        return IntStream.range(0, layout.replicas())
                .mapToObj(i -> i + ","
                        + IntStream.rangeClosed(0, 4)
                                .mapToObj(number -> endpoint(layout, i, number))
                                .collect(Collectors.joining(",")))
                .collect(Collectors.joining("|"));
    }

    private static final class Service implements ClusteredService {
        final AtomicReference<Cluster.Role> role = new AtomicReference<>(Cluster.Role.FOLLOWER);
        private final Ledger ledger;
        private final UnsafeBuffer answer = new UnsafeBuffer(new byte[SLOT_BYTES]);
        private @Nullable Cluster cluster;

        Service(Ledger ledger) {
            this.ledger = ledger;
        }

        @Override
        public void onStart(Cluster started, Image snapshot) {
            cluster = started;
        }

        @Override
        public void onSessionMessage(
                ClientSession session, long timestamp, DirectBuffer buffer, int offset, int length, Header header) {
            ledger.apply(buffer.getLong(offset + SLOT_BYTES, ByteOrder.BIG_ENDIAN));
            Cluster here = cluster;
            if (session == null || here == null) {
                return;
            }
            answer.putInt(0, buffer.getInt(offset));
            IdleStrategy idle = here.idleStrategy();
            idle.reset();
            for (long tries = 0; session.offer(answer, 0, SLOT_BYTES) < 0 && tries < 1_000_000; tries++) {
                if (session.isClosing()) {
                    return;
                }
                idle.idle();
            }
        }

        @Override
        public void onRoleChange(Cluster.Role newRole) {
            role.set(newRole);
        }

        @Override
        public void onSessionOpen(ClientSession session, long timestamp) {}

        @Override
        public void onSessionClose(ClientSession session, long timestamp, CloseReason reason) {}

        @Override
        public void onTimerEvent(long correlationId, long timestamp) {}

        @Override
        public void onTakeSnapshot(ExclusivePublication publication) {}

        @Override
        public void onTerminate(Cluster ended) {}
    }

    @Override
    public Server serve(Layout layout, int self) {
        Ledger ledger = new Ledger();
        Service service = new Service(ledger);
        String driver = layout.data(self).resolve("driver").toString();
        AeronArchive.Context archive = new AeronArchive.Context()
                .aeronDirectoryName(driver)
                .controlRequestChannel("aeron:ipc?term-length=64k")
                .controlResponseChannel("aeron:ipc?term-length=64k");
        ClusteredMediaDriver.launch(
                new MediaDriver.Context()
                        .aeronDirectoryName(driver)
                        .threadingMode(ThreadingMode.SHARED)
                        .sharedIdleStrategy(idle())
                        .termBufferSparseFile(true)
                        .dirDeleteOnStart(true),
                new Archive.Context()
                        .aeronDirectoryName(driver)
                        .archiveDir(layout.data(self).resolve("archive").toFile())
                        .controlChannel("aeron:udp?endpoint=" + endpoint(layout, self, 4))
                        .localControlChannel("aeron:ipc?term-length=64k")
                        .replicationChannel("aeron:udp?endpoint=" + Layout.HOST + ":0")
                        .recordingEventsEnabled(false)
                        .threadingMode(ArchiveThreadingMode.SHARED)
                        .idleStrategySupplier(AeronContender::idle)
                        .fileSyncLevel(1)
                        .catalogFileSyncLevel(1),
                new ConsensusModule.Context()
                        .aeronDirectoryName(driver)
                        .clusterMemberId(self)
                        .clusterMembers(members(layout))
                        .clusterDir(layout.data(self).resolve("cluster").toFile())
                        .ingressChannel("aeron:udp")
                        .replicationChannel("aeron:udp?endpoint=" + Layout.HOST + ":0")
                        .idleStrategySupplier(AeronContender::idle)
                        .fileSyncLevel(1)
                        .archiveContext(archive.clone()));
        ClusteredServiceContainer.launch(new ClusteredServiceContainer.Context()
                .aeronDirectoryName(driver)
                .archiveContext(archive.clone())
                .clusterDir(layout.data(self).resolve("cluster").toFile())
                .idleStrategySupplier(AeronContender::idle)
                .clusteredService(service));
        return new Server(() -> service.role.get() == Cluster.Role.LEADER, ledger);
    }

    @Override
    public Client connect(Layout layout) throws Exception {
        AeronClient client = new AeronClient(layout);
        client.start();
        return client;
    }

    /** One thread sends and polls, as the library wants it. */
    private static final class AeronClient implements Client, EgressListener {
        private record Command(int slot, byte[] payload) {}

        private final Layout layout;
        private final ManyToOneConcurrentArrayQueue<Command> commands = new ManyToOneConcurrentArrayQueue<>(8192);
        private final UnsafeBuffer message = new UnsafeBuffer(new byte[Front.MAX_FRAME]);
        private final Thread thread = new Thread(this::run, "aeron-client");
        private final CountDownLatch connected = new CountDownLatch(1);
        private final BitSet underWay = new BitSet();
        private volatile boolean closed;
        private @Nullable Replies replies;

        AeronClient(Layout layout) {
            this.layout = layout;
            thread.setDaemon(true);
        }

        void start() throws Exception {
            thread.start();
            if (!connected.await(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("no connection with the cluster within 60 s");
            }
        }

        private void run() {
            try (MediaDriver driver = MediaDriver.launchEmbedded(new MediaDriver.Context()
                    .threadingMode(ThreadingMode.SHARED)
                    .sharedIdleStrategy(idle())
                    .dirDeleteOnStart(true)
                    .dirDeleteOnShutdown(true))) {
                while (!closed) {
                    talk(driver);
                    underWay.stream().forEach(slot -> answer(slot, false));
                }
            }
        }

        private void talk(MediaDriver driver) {
            try (AeronCluster cluster = AeronCluster.connect(new AeronCluster.Context()
                    .aeronDirectoryName(driver.aeronDirectoryName())
                    .egressListener(this)
                    .egressChannel("aeron:udp?endpoint=" + Layout.HOST + ":0")
                    .ingressChannel("aeron:udp")
                    .idleStrategy(idle())
                    .ingressEndpoints(IntStream.range(0, layout.replicas())
                            .mapToObj(i -> i + "=" + endpoint(layout, i, 0))
                            .collect(Collectors.joining(","))))) {
                connected.countDown();
                IdleStrategy idle = idle();
                long aliveNanos = System.nanoTime();
                Command waiting = null;
                while (!closed && !cluster.isClosed()) {
                    int work = cluster.pollEgress();
                    for (Command next = waiting == null ? commands.poll() : waiting;
                            next != null;
                            next = commands.poll()) {
                        message.putInt(0, next.slot);
                        message.putBytes(SLOT_BYTES, next.payload);
                        underWay.set(next.slot);
                        if (cluster.offer(message, 0, SLOT_BYTES + next.payload.length) < 0) {
                            waiting = next; // back-pressure, or no leader at the moment
                            break;
                        }
                        waiting = null;
                        work++;
                    }
                    if (System.nanoTime() - aliveNanos > TimeUnit.SECONDS.toNanos(1)) {
                        aliveNanos = System.nanoTime();
                        cluster.sendKeepAlive();
                    }
                    idle.idle(work);
                }
            } catch (RuntimeException e) { // its session has ended, or no leader answered: another session
                System.err.println("aeron client: " + e);
            }
        }

        private void answer(int slot, boolean ok) {
            Replies listener = replies;
            if (underWay.get(slot)) {
                underWay.clear(slot);
                if (listener != null) {
                    listener.reply(slot, ok);
                }
            }
        }

        @Override
        public void onMessage(
                long sessionId, long timestamp, DirectBuffer buffer, int offset, int length, Header header) {
            answer(buffer.getInt(offset), true);
        }

        @Override
        public void onNewLeader(long sessionId, long termId, int leader, String endpoints) {
            BitSet lost = (BitSet) underWay.clone(); // what the old leader had may come, or not
            lost.stream().forEach(slot -> answer(slot, false));
        }

        @Override
        public void listen(Replies listener) {
            replies = listener;
        }

        @Override
        public void submit(int slot, byte[] payload) {
            if (!commands.offer(new Command(slot, payload))) {
                throw new IllegalStateException("more than " + commands.capacity() + " commands wait");
            }
        }

        @Override
        public void close() {
            closed = true;
            try {
                thread.join(10_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
