package dev.handover.election.zookeeper;

import static dev.handover.election.zookeeper.Samples.member;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.coordination.Member;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZooKeeperMembershipTest {
    @TempDir
    Path directory;

    private final List<ZooKeeperConfigurationStore> stores = new ArrayList<>();
    private EmbeddedZooKeeper server;

    @BeforeEach
    void startServer() throws Exception {
        server = EmbeddedZooKeeper.builder().dataDirectory(directory).start();
        server.awaitServing(Duration.ofSeconds(20));
    }

    @AfterEach
    void stop() {
        stores.forEach(ZooKeeperConfigurationStore::close);
        server.close();
    }

    private ZooKeeperConfigurationStore open() {
        ZooKeeperConfigurationStore store = ZooKeeperConfigurationStore.connect(server.connectString());
        stores.add(store);
        return store;
    }

    @Test
    void shouldTellWhoIsThereSortedAndWhoChanges() throws Exception {
        List<List<Member>> seen = new CopyOnWriteArrayList<>();
        open().membership().watch(seen::add);
        Await.until("nobody is there", () -> seen.contains(List.<Member>of()));
        ZooKeeperConfigurationStore b = open();
        Await.get(b.membership().announce(member("b", 7102)));
        Await.get(open().membership().announce(member("a", 7101)));
        Await.until("both are there", () -> last(seen).equals(List.of(member("a", 7101), member("b", 7102))));
        Await.get(b.membership().announce(member("b", 7202)));
        Await.until("b has moved", () -> last(seen).equals(List.of(member("a", 7101), member("b", 7202))));
        b.close();
        Await.until("b has gone", () -> last(seen).equals(List.of(member("a", 7101))));
    }

    @Test
    void shouldTakeOverWhatItsFormerProcessHasLeft() throws Exception {
        AtomicReference<List<Member>> seen = new AtomicReference<>();
        open().membership().watch(seen::set);
        ZooKeeperConfigurationStore former = open(); // not closed: killed processes do not close
        Await.get(former.membership().announce(member("a", 7101)));
        ZooKeeperConfigurationStore next = open();
        Await.get(next.membership().announce(member("a", 7111)));
        Await.until("the new process is found", () -> List.of(member("a", 7111)).equals(seen.get()));
        former.close(); // the end of its session must not take the new one's znode with it
        Await.get(open().membership().announce(member("b", 7102)));
        Await.until("both are there", () -> List.of(member("a", 7111), member("b", 7102))
                .equals(seen.get()));
    }

    @Test
    void shouldAnnounceAgainWhenTheZnodeWasDeleted() throws Exception {
        AtomicReference<List<Member>> seen = new AtomicReference<>();
        ZooKeeperConfigurationStore store = open();
        store.membership().watch(seen::set);
        Await.get(store.membership().announce(member("a", 7101)));
        ZooKeeper raw = new ZooKeeper(server.connectString(), 10_000, event -> {});
        try {
            long created = raw.exists("/handover/nodes/a", false).getCzxid();
            raw.delete("/handover/nodes/a", -1);
            Await.until("it is there again", () -> {
                var stat = raw.exists("/handover/nodes/a", false);
                return stat != null && stat.getCzxid() > created;
            });
        } finally {
            raw.close();
        }
    }

    @Test
    void shouldLeaveOutWhatCannotBeRead() throws Exception {
        AtomicReference<List<Member>> seen = new AtomicReference<>();
        ZooKeeperConfigurationStore store = open();
        Await.get(store.membership().announce(member("a", 7101)));
        ZooKeeper raw = new ZooKeeper(server.connectString(), 10_000, event -> {});
        try {
            raw.create("/handover/nodes/x", new byte[] {1}, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
            store.membership().watch(seen::set);
            Await.until(
                    "the readable one is told", () -> List.of(member("a", 7101)).equals(seen.get()));
        } finally {
            raw.close();
        }
        assertThat(seen.get()).hasSize(1);
    }

    private static List<Member> last(List<List<Member>> seen) {
        return seen.get(seen.size() - 1);
    }
}
