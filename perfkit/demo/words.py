"""Words to make pharmaceutical sample data of. Names of persons and firms are made up; generic names are real drugs."""

# ruff: noqa: SIM905 - forty words in a text are read more easily than forty lines with one each

from __future__ import annotations

from typing import Final

FIRST_NAMES: Final = (
    "Aarav Aditi Ajay Amit Ananya Anil Anjali Arjun Asha Deepak Divya Gaurav Geeta Harish Isha Jaya Karan Kavita "
    "Kiran Lakshmi Manish Meera Mohan Neha Nikhil Pooja Prakash Priya Rahul Rajesh Rakesh Ravi Rekha Rohit Sanjay "
    "Shreya Sneha Sunil Suresh Swati Tanvi Uma Varun Vijay Vikram"
).split()
LAST_NAMES: Final = (
    "Agarwal Bhat Chopra Das Desai Gupta Iyer Jain Joshi Kapoor Khan Kulkarni Kumar Mehta Menon Mishra Nair Patel "
    "Pillai Rao Reddy Saxena Shah Sharma Shetty Singh Sinha Thomas Varma Verma"
).split()
CITIES: Final = (
    ("Mumbai", "Maharashtra", "400"),
    ("Pune", "Maharashtra", "411"),
    ("Delhi", "Delhi", "110"),
    ("Bengaluru", "Karnataka", "560"),
    ("Chennai", "Tamil Nadu", "600"),
    ("Hyderabad", "Telangana", "500"),
    ("Kolkata", "West Bengal", "700"),
    ("Ahmedabad", "Gujarat", "380"),
    ("Jaipur", "Rajasthan", "302"),
    ("Lucknow", "Uttar Pradesh", "226"),
    ("Kochi", "Kerala", "682"),
    ("Indore", "Madhya Pradesh", "452"),
)
STREETS: Final = (
    "MG Road",
    "Station Road",
    "Market Yard",
    "Ring Road",
    "Link Road",
    "Gandhi Nagar",
    "Industrial Estate",
)
CUSTOMER_KINDS: Final = ("Pharmacy", "Hospital", "Clinic", "Distributor", "Nursing Home", "Medical Store")
CUSTOMER_WORDS: Final = (
    "Apex Arogya City Care Cure Evergreen Fortune Global Green Harmony Heritage Jeevan Lifeline Metro National New "
    "Noble Prime Reliable Royal Sanjeevani Shanti Sunrise Swasthya Unity Vital Wellness"
).split()
GENERICS: Final = (
    "Paracetamol Ibuprofen Amoxicillin Azithromycin Ciprofloxacin Metformin Glimepiride Atorvastatin Rosuvastatin "
    "Amlodipine Telmisartan Losartan Ramipril Metoprolol Pantoprazole Omeprazole Rabeprazole Ranitidine Domperidone "
    "Ondansetron Cetirizine Levocetirizine Montelukast Salbutamol Budesonide Prednisolone Dexamethasone Diclofenac "
    "Aceclofenac Tramadol Gabapentin Pregabalin Sertraline Escitalopram Clonazepam Levothyroxine Insulin "
    "Vildagliptin Sitagliptin Clopidogrel Aspirin Warfarin Furosemide Spironolactone Doxycycline Cefixime "
    "Ceftriaxone Fluconazole Acyclovir Albendazole"
).split()
BRAND_HEADS: Final = ("Ac Bio Cef Dol Em Fen Gly Hep Im Kal Lev Max Neo Or Pan Qu Rel Syn Tel Ur Vit Xan Zen").split()
BRAND_TAILS: Final = (
    "acin amol azol cef dine flox gard line mycin nol olin pril quin ril statin tab vir xon zole"
).split()
MAKERS: Final = (
    "Meridian Labs", "Kaveri Pharma", "Nilgiri Biotech", "Sagar Lifesciences", "Himavat Remedies", "Deccan Drugs",
    "Coromandel Healthcare", "Aravalli Pharma",
)  # fmt: skip
CATEGORIES: Final = (
    "Analgesic", "Antibiotic", "Antidiabetic", "Cardiac", "Gastro", "Respiratory", "Neurology", "Vitamin", "Antifungal",
    "Hormone",
)  # fmt: skip
FORMS: Final = ("Tablet", "Capsule", "Syrup", "Injection", "Ointment", "Inhaler", "Drops")
STRENGTHS: Final = ("5 mg", "10 mg", "20 mg", "40 mg", "100 mg", "250 mg", "500 mg", "650 mg", "1 g")
WAREHOUSES: Final = ("Bhiwandi Central", "Chennai South", "Delhi North", "Kolkata East")
ROLES: Final = ("admin", "sales", "purchase", "warehouse", "accounts", "viewer")
DEPARTMENTS: Final = ("Sales", "Purchase", "Warehouse", "Accounts", "Regulatory", "Support")
QUOTATION_STATES: Final = ("draft", "sent", "accepted", "accepted", "accepted", "rejected", "expired")
ORDER_STATES: Final = ("pending", "packed", "shipped", "delivered", "delivered", "delivered", "returned")
SENTENCES: Final = (
    "Store below 25 °C, away from direct sunlight and moisture.",
    "Cold chain must be kept between 2 °C and 8 °C during transport.",
    "Schedule H drug: to be sold on the prescription of a registered medical practitioner only.",
    "Delivery is accepted on weekdays between 10:00 and 17:00 at the rear gate.",
    "The drug licence must be renewed before the end of the financial year.",
    "Partial shipments are allowed when the batch numbers are stated on the invoice.",
    "Prices are exclusive of GST and valid for thirty days from the date of the offer.",
    "Short-dated stock is returned under the manufacturer's policy within ninety days of expiry.",
    "Prefers strips of ten over strips of fifteen where both are available.",
    "Goods once sold are taken back only with the certificate of analysis.",
    "Payment is due as agreed; interest of 18 % a year applies to late payment.",
    "Free replacement is made for breakage reported within forty-eight hours.",
    "May cause drowsiness; do not drive or operate machinery after taking it.",
    "Common effects are nausea, headache and dizziness, which usually pass within a few days.",
    "Substitution by another brand of the same molecule needs written consent.",
    "Batch was inspected on arrival, seals were intact and the data logger showed no excursion.",
)
