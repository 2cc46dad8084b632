package dev.handover.election.zookeeper;

import java.net.InetSocketAddress;
import java.util.Collection;
import org.apache.zookeeper.client.ConnectStringParser;
import org.apache.zookeeper.client.HostProvider;
import org.apache.zookeeper.client.StaticHostProvider;

/**
 * ZooKeeper's list of servers, in random order, resolved anew for every attempt. After all have been tried it pauses for a tenth of a second
 * instead of a full one: ZooKeeper's client waits a random time of up to one second before every attempt anyway, which is jitter enough (R14).
 */
final class Servers implements HostProvider {
    private static final long PAUSE_MILLIS = 100;

    private final StaticHostProvider provider;

    Servers(String connectString) {
        provider = new StaticHostProvider(new ConnectStringParser(connectString).getServerAddresses());
    }

    @Override
    public int size() {
        return provider.size();
    }

    @Override
    public InetSocketAddress next(long spinDelay) {
        return provider.next(Math.min(spinDelay, PAUSE_MILLIS));
    }

    @Override
    public void onConnected() {
        provider.onConnected();
    }

    @Override
    public boolean updateServerList(Collection<InetSocketAddress> serverAddresses, InetSocketAddress currentHost) {
        return provider.updateServerList(serverAddresses, currentHost);
    }
}
