package dev.handover.jmh.cluster;

import java.util.List;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.retry.RetryForever;

/** What many build with: a leader latch and no log. Only its take-over is measured; nothing it acknowledges is kept anywhere. */
final class LatchContender implements Contender {
    @Override
    public String name() {
        return "latch";
    }

    @Override
    public String title() {
        return "Curator LeaderLatch (no log)";
    }

    @Override
    public String version() {
        return "5.9.0";
    }

    @Override
    public List<String> settings() {
        return List.of(
                "session and connection time-outs at their defaults; it replicates nothing and is here for its take-over alone");
    }

    @Override
    public Server serve(Layout layout, int self) throws Exception {
        Ledger ledger = new Ledger();
        CuratorFramework curator = CuratorFrameworkFactory.newClient(layout.zooKeeper(), new RetryForever(100));
        curator.start();
        LeaderLatch latch = new LeaderLatch(curator, "/latch", "n" + self);
        latch.start();
        Front.listen(layout.port(self, 0), new Front.Backend() {
            @Override
            public boolean leads() {
                return latch.hasLeadership();
            }

            @Override
            public void submit(byte[] command, Front.Answer answer) {
                answer.is(latch.hasLeadership() ? Front.DONE : Front.NOT_LEADER);
            }
        });
        return new Server(() -> latch.hasLeadership(), ledger);
    }

    @Override
    public Client connect(Layout layout) throws Exception {
        return new FrontClient(layout);
    }
}
