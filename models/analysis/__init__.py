"""What asks more than one forecast: alliance, requirement, sensitivity, sweep, why a vintage moved it;
no fit is made here."""
