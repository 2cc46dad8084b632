package dev.handover.spring;

import dev.handover.coordination.ConfigurationStore;
import dev.handover.replication.InMemoryConfigurationStore;
import dev.handover.replication.InMemoryNetwork;
import dev.handover.replication.transport.Transport;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** What an application may bring itself, here in memory. */
final class Doubles {
    private Doubles() {}

    @Configuration(proxyBeanMethods = false)
    static class OwnMemory {
        @Bean
        InMemoryConfigurationStore memory() {
            return new InMemoryConfigurationStore();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @Import(OwnMemory.class)
    static class OwnStore {
        @Bean
        ConfigurationStore ownStore(InMemoryConfigurationStore memory) {
            return memory.connect();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnTransport {
        @Bean
        InMemoryNetwork network() {
            return new InMemoryNetwork();
        }

        @Bean
        Transport ownTransport(InMemoryNetwork network) {
            return network.transport();
        }
    }
}
