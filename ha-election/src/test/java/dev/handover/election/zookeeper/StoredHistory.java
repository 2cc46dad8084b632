package dev.handover.election.zookeeper;

import dev.handover.coordination.VersionedConfiguration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.zookeeper.server.persistence.FileTxnLog;
import org.apache.zookeeper.server.persistence.TxnLog.TxnIterator;
import org.apache.zookeeper.txn.CreateTxn;
import org.apache.zookeeper.txn.SetDataTxn;

/** Everything that was ever stored under a path, from the transaction log of a stopped server: the truth that answers are held against. */
final class StoredHistory {
    private StoredHistory() {}

    static List<VersionedConfiguration> of(Path directory, String path) throws IOException {
        List<VersionedConfiguration> history = new ArrayList<>();
        FileTxnLog log = new FileTxnLog(directory.resolve("version-2").toFile());
        try (TxnIterator transactions = log.read(0)) {
            while (transactions.getHeader() != null) {
                if (transactions.getTxn() instanceof CreateTxn create
                        && create.getPath().equals(path)) {
                    history.add(Calls.configuration(path, create.getData(), 0));
                } else if (transactions.getTxn() instanceof SetDataTxn change
                        && change.getPath().equals(path)) {
                    history.add(Calls.configuration(path, change.getData(), change.getVersion()));
                }
                if (!transactions.next()) {
                    break;
                }
            }
        } finally {
            log.close();
        }
        return history;
    }
}
