package dev.handover.jmh.cluster;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jgroups.JChannel;
import org.jgroups.protocols.FD_ALL3;
import org.jgroups.protocols.FD_SOCK;
import org.jgroups.protocols.FRAG2;
import org.jgroups.protocols.MERGE3;
import org.jgroups.protocols.MFC;
import org.jgroups.protocols.TCP;
import org.jgroups.protocols.TCPPING;
import org.jgroups.protocols.UFC;
import org.jgroups.protocols.UNICAST3;
import org.jgroups.protocols.VERIFY_SUSPECT;
import org.jgroups.protocols.pbcast.GMS;
import org.jgroups.protocols.pbcast.NAKACK2;
import org.jgroups.protocols.pbcast.STABLE;
import org.jgroups.protocols.raft.ELECTION;
import org.jgroups.protocols.raft.NO_DUPES;
import org.jgroups.protocols.raft.RAFT;
import org.jgroups.protocols.raft.REDIRECT;
import org.jgroups.raft.Options;
import org.jgroups.raft.RaftHandle;
import org.jgroups.raft.StateMachine;

/** JGroups-raft. */
final class JGroupsContender implements Contender {
    @Override
    public String name() {
        return "jgroups-raft";
    }

    @Override
    public String title() {
        return "JGroups-raft";
    }

    @Override
    public String version() {
        return "1.1.4.Final";
    }

    @Override
    public List<String> settings() {
        return List.of(
                "TCP stack with TCPPING, FD_SOCK and FD_ALL3; FileBasedLog with log_use_fsync = true (its default is false), send_commits_immediately = false (default)",
                "client: the same frames over TCP to the leader's process as for Handover");
    }

    private static final class Machine implements StateMachine {
        private final Ledger ledger;
        private static final byte[] NOTHING = {};

        Machine(Ledger ledger) {
            this.ledger = ledger;
        }

        @Override
        public byte[] apply(byte[] data, int offset, int length, boolean serializeResponse) {
            ledger.apply(Ledger.number(data, offset));
            return NOTHING;
        }

        @Override
        public void readContentFrom(DataInput in) throws IOException {
            ledger.clear();
        }

        @Override
        public void writeContentTo(DataOutput out) throws IOException {
            out.writeLong(ledger.applied());
        }
    }

    @Override
    public Server serve(Layout layout, int self) throws Exception {
        Ledger ledger = new Ledger();
        InetAddress host = InetAddress.getByName(Layout.HOST);
        List<String> members =
                IntStream.range(0, layout.replicas()).mapToObj(i -> "n" + i).collect(Collectors.toList());
        TCPPING discovery = new TCPPING();
        discovery.setInitialHosts(IntStream.range(0, layout.replicas())
                .mapToObj(i -> new InetSocketAddress(host, layout.port(i, 1)))
                .collect(Collectors.toList()));
        discovery.setPortRange(0);
        TCP tcp = new TCP();
        tcp.setBindAddress(host).setBindPort(layout.port(self, 1)).setPortRange(0);
        tcp.disableDiagnostics();
        FD_SOCK socket = new FD_SOCK();
        socket.setStartPort(layout.port(self, 2)).setPortRange(2);
        RAFT raft = new RAFT()
                .members(members)
                .raftId("n" + self)
                .logDir(layout.data(self).toString())
                .logClass("org.jgroups.protocols.raft.FileBasedLog")
                .logUseFsync(true);
        JChannel channel = new JChannel(
                tcp,
                discovery,
                new MERGE3(),
                socket,
                new FD_ALL3(),
                new VERIFY_SUSPECT(),
                new NAKACK2().useMcastXmit(false),
                new UNICAST3(),
                new STABLE(),
                new NO_DUPES(),
                new GMS().setJoinTimeout(2000),
                new UFC(),
                new MFC(),
                new FRAG2(),
                new ELECTION(),
                raft,
                new REDIRECT());
        channel.name("n" + self);
        RaftHandle handle = new RaftHandle(channel, new Machine(ledger));
        channel.connect("bench");
        Options options = Options.create(true);
        Front.listen(layout.port(self, 0), new Front.Backend() {
            @Override
            public boolean leads() {
                return handle.isLeader();
            }

            @Override
            public void submit(byte[] command, Front.Answer answer) {
                try {
                    handle.setAsync(command, 0, command.length, options)
                            .whenComplete(
                                    (result, failure) -> answer.is(failure == null ? Front.DONE : Front.NOT_LEADER));
                } catch (Exception e) { // it has no leader at the moment
                    answer.is(Front.NOT_LEADER);
                }
            }
        });
        return new Server(() -> handle.isLeader(), ledger);
    }

    @Override
    public Client connect(Layout layout) throws Exception {
        return new FrontClient(layout);
    }
}
