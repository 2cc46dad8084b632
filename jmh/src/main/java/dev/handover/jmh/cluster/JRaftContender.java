package dev.handover.jmh.cluster;

import com.alipay.sofa.jraft.Closure;
import com.alipay.sofa.jraft.Iterator;
import com.alipay.sofa.jraft.Node;
import com.alipay.sofa.jraft.RaftGroupService;
import com.alipay.sofa.jraft.Status;
import com.alipay.sofa.jraft.closure.ReadIndexClosure;
import com.alipay.sofa.jraft.conf.Configuration;
import com.alipay.sofa.jraft.core.StateMachineAdapter;
import com.alipay.sofa.jraft.entity.PeerId;
import com.alipay.sofa.jraft.entity.Task;
import com.alipay.sofa.jraft.error.RaftError;
import com.alipay.sofa.jraft.option.NodeOptions;
import com.alipay.sofa.jraft.option.RaftOptions;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** SOFAJRaft. */
final class JRaftContender implements Contender {
    private static final byte[] NOTHING = {};

    @Override
    public String name() {
        return "sofajraft";
    }

    @Override
    public String title() {
        return "SOFAJRaft";
    }

    @Override
    public String version() {
        return "1.3.15";
    }

    @Override
    public List<String> settings() {
        return List.of(
                "sync = true (its default), RocksDB log storage (its default), applyBatch 128, maxReplicatorInflightMsgs 256 (default), no snapshots",
                "electionTimeoutMs 1000 (its default) for throughput and take-over",
                "client: the same frames over TCP to the leader's process as for Handover");
    }

    @Override
    public boolean reads() {
        return true;
    }

    private static final class Machine extends StateMachineAdapter {
        private final Ledger ledger;

        Machine(Ledger ledger) {
            this.ledger = ledger;
        }

        @Override
        public void onApply(Iterator entries) {
            while (entries.hasNext()) {
                ByteBuffer data = entries.getData();
                ledger.apply(data.getLong(data.position()));
                Closure done = entries.done();
                if (done != null) {
                    done.run(Status.OK());
                }
                entries.next();
            }
        }
    }

    @Override
    public Server serve(Layout layout, int self) throws Exception {
        Ledger ledger = new Ledger();
        Path data = layout.data(self);
        Files.createDirectories(data);
        RaftOptions raft = new RaftOptions();
        raft.setSync(true);
        raft.setApplyBatch(128);
        NodeOptions options = new NodeOptions();
        options.setRaftOptions(raft);
        options.setFsm(new Machine(ledger));
        options.setLogUri(data.resolve("log").toString());
        options.setRaftMetaUri(data.resolve("meta").toString());
        options.setInitialConf(new Configuration(IntStream.range(0, layout.replicas())
                .mapToObj(i -> peer(layout, i))
                .collect(Collectors.toList())));
        Node node = new RaftGroupService("bench", peer(layout, self), options).start();
        Front.listen(layout.port(self, 0), new Front.Backend() {
            @Override
            public boolean leads() {
                return node.isLeader(false);
            }

            @Override
            public void submit(byte[] command, Front.Answer answer) {
                node.apply(new Task(ByteBuffer.wrap(command), status -> answer.is(word(status))));
            }

            @Override
            public void read(Front.Answer answer) {
                node.readIndex(NOTHING, new ReadIndexClosure() {
                    @Override
                    public void run(Status status, long index, byte[] context) {
                        answer.is(word(status));
                    }
                });
            }
        });
        return new Server(() -> node.isLeader(false), ledger);
    }

    private static int word(Status status) {
        return status.isOk()
                ? Front.DONE
                : status.getCode() == RaftError.EPERM.getNumber() ? Front.NOT_LEADER : Front.UNKNOWN;
    }

    private static PeerId peer(Layout layout, int replica) {
        return new PeerId(Layout.HOST, layout.port(replica, 1));
    }

    @Override
    public Client connect(Layout layout) throws Exception {
        return new FrontClient(layout);
    }
}
