package dev.handover.jmh.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.retry.RetryPolicies;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.TimeDuration;
import org.jspecify.annotations.Nullable;

/** Apache Ratis. */
final class RatisContender implements Contender {
    private static final RaftGroupId GROUP = RaftGroupId.valueOf(new UUID(0x6861, 1));

    @Override
    public String name() {
        return "ratis";
    }

    @Override
    public String title() {
        return "Apache Ratis";
    }

    @Override
    public String version() {
        return "3.3.0";
    }

    @Override
    public List<String> settings() {
        return List.of(
                "gRPC, log forced before an answer (its default: no unsafe or asynchronous flush), pending-request limits raised for the windows, linearizable reads by read index",
                "election time-outs at their defaults (150 to 300 ms); client: RaftClient async, retry every 10 ms");
    }

    @Override
    public boolean reads() {
        return true;
    }

    private static RaftGroup group(Layout layout) {
        List<RaftPeer> peers = IntStream.range(0, layout.replicas())
                .mapToObj(i -> RaftPeer.newBuilder()
                        .setId(RaftPeerId.valueOf("n" + i))
                        .setAddress(Layout.HOST + ":" + layout.port(i, 0))
                        .build())
                .collect(Collectors.toList());
        return RaftGroup.valueOf(GROUP, peers);
    }

    private static final class Machine extends BaseStateMachine {
        private static final Message DONE = Message.valueOf("");
        private final Ledger ledger;

        Machine(Ledger ledger) {
            this.ledger = ledger;
        }

        @Override
        public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
            var entry = transaction.getLogEntry();
            ByteString data = entry.getStateMachineLogEntry().getLogData();
            ledger.apply(data.asReadOnlyByteBuffer().getLong(0));
            updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
            return CompletableFuture.completedFuture(DONE);
        }

        @Override
        public CompletableFuture<Message> query(Message request) {
            return CompletableFuture.completedFuture(DONE);
        }
    }

    @Override
    public Server serve(Layout layout, int self) throws Exception {
        Ledger ledger = new Ledger();
        RaftProperties properties = new RaftProperties();
        RaftServerConfigKeys.setStorageDir(properties, List.of(layout.data(self).toFile()));
        GrpcConfigKeys.Server.setPort(properties, layout.port(self, 0));
        RaftServerConfigKeys.Write.setElementLimit(properties, 16_384);
        RaftServerConfigKeys.Read.setOption(properties, RaftServerConfigKeys.Read.Option.LINEARIZABLE);
        boolean restarted = Files.exists(layout.data(self));
        RaftServer server = RaftServer.newBuilder()
                .setOption(restarted ? RaftStorage.StartupOption.RECOVER : RaftStorage.StartupOption.FORMAT)
                .setServerId(RaftPeerId.valueOf("n" + self))
                .setGroup(group(layout))
                .setProperties(properties)
                .setStateMachine(new Machine(ledger))
                .build();
        server.start();
        RaftServer.Division division = server.getDivision(GROUP);
        return new Server(() -> division.getInfo().isLeaderReady(), ledger);
    }

    @Override
    public Client connect(Layout layout) throws Exception {
        RaftProperties properties = new RaftProperties();
        RaftClientConfigKeys.Async.setOutstandingRequestsMax(properties, 16_384);
        RaftClient client = RaftClient.newBuilder()
                .setProperties(properties)
                .setRaftGroup(group(layout))
                .setRetryPolicy(RetryPolicies.retryUpToMaximumCountWithFixedSleep(
                        500, TimeDuration.valueOf(10, TimeUnit.MILLISECONDS)))
                .build();
        byte[] hello = new byte[16];
        Ledger.putNumber(hello, -1);
        client.io().send(message(hello)); // finds the leader
        return new RatisClient(client);
    }

    private static Message message(byte[] payload) {
        return Message.valueOf(UnsafeByteOperations.unsafeWrap(payload));
    }

    private static final class RatisClient implements Client {
        private final RaftClient client;
        private volatile @Nullable Replies replies;

        RatisClient(RaftClient client) {
            this.client = client;
        }

        @Override
        public void listen(Replies listener) {
            replies = listener;
        }

        @Override
        public void submit(int slot, byte[] payload) {
            answered(slot, client.async().send(message(payload)));
        }

        @Override
        public void read(int slot) {
            answered(slot, client.async().sendReadOnly(Message.valueOf("r")));
        }

        private void answered(int slot, CompletableFuture<RaftClientReply> future) {
            future.whenComplete((reply, failure) -> {
                Replies listener = replies;
                if (listener != null) {
                    listener.reply(slot, failure == null && reply.isSuccess());
                }
            });
        }

        @Override
        public void close() throws IOException {
            client.close();
        }
    }
}
